"""Tells programs (web hooks out) and people (Slack, Teams and others) what happened, each event once."""
