"""The keys of the places a report goes to: from the environment, else from the credential store."""

import os

from extract.vendor import Unauthorised
from reconcile.state import State

NEEDS = {"slack": "SLACK_WEBHOOK", "sheets": "GOOGLE_SERVICE_ACCOUNT", "notion": "NOTION_TOKEN",
         "pdf_service": "PDF_SERVICE_TOKEN"}  # fmt: skip


def key(channel: str, store: State) -> str:
    """Return the key of a channel. Unauthorised where none was entered."""
    found = optional(channel, store)
    if not found:
        raise Unauthorised(channel, f"no key is known: enter it on the page Reports, or set {NEEDS[channel]}", 401)
    return found


def optional(channel: str, store: State) -> str:
    """Return the key of a channel that may go without; empty where none was entered."""
    name = NEEDS[channel]
    return os.environ.get(name) or store.credentials(f"report.{channel}").get(name, "")


def keep(channel: str, value: str, store: State, who: str) -> None:
    """Keep the key of a channel, encrypted."""
    store.keep_credentials(f"report.{channel}", {NEEDS[channel]: value}, who)


def is_known(channel: str, store: State) -> bool:
    """Return whether a channel has its key."""
    return bool(optional(channel, store))
