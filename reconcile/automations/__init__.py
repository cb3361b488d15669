"""Flows that run by themselves after each reading, as far as people switched them on."""
