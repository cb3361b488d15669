"""Talks to vendors and files: all reading, the few writes, and the canonical tables they map to."""
