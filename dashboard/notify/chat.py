"""Messages to people: Slack by its incoming web hook, Teams and a hundred others by Apprise.

Source: api.slack.com, "Sending messages using incoming webhooks"; github.com/caronc/apprise, wiki; read 2026-11-21.
"""

import json
import logging

import apprise

from dashboard.notify import webhook
from dashboard.notify.webhook import Result
from reconcile.settings import Channel

ADDRESS = "CHANNEL_ADDRESS"
_GENERIC = ("json", "jsons", "xml", "xmls", "form", "forms", "apprise", "apprises")  # would call any address at all
_LOST = ("Read timed out", "RemoteDisconnected", "Connection aborted", "IncompleteRead")  # it may have arrived


class NoChannel(ValueError):
    """An address is none that can be written to; the text says how one looks."""


def checked(kind: str, address: str, private: bool) -> str:
    """Return an address that messages can go to. NoChannel, webhook.Blocked where it is none."""
    if kind == "slack":
        if not address.startswith(("https://", "http://")):
            raise NoChannel("copy the web hook of the Slack app: it begins with https://hooks.slack.com/services/")
        if not private and not address.startswith("https://hooks.slack.com/"):
            raise NoChannel("a web hook of Slack begins with https://hooks.slack.com/")
        return address
    made = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if made is None:
        raise NoChannel("this is no address of Apprise; for Teams it begins with msteams:// or workflows://")
    if str(address).partition(":")[0].lower() in _GENERIC and not private:
        raise NoChannel("this calls an address of your choice: use a web hook for that, or allow private addresses")
    return address


def send(kind: str, address: str, text: str, said: Channel) -> Result:
    """Post a message once and return how it went."""
    try:
        checked(kind, address, said.private)
    except (NoChannel, webhook.Blocked) as error:
        return Result("never", str(error))
    return _slack(address, text, said.private) if kind == "slack" else _apprise(address, text)


def _slack(address: str, text: str, private: bool) -> Result:
    content = json.dumps({"text": text}, ensure_ascii=False).encode()
    found = webhook.post(address, content, {"content-type": "application/json; charset=utf-8"}, private)
    if found.sort == "again" and found.says[:3] in ("400", "401", "403", "404"):
        return Result("never", f"{found.says}: the web hook was taken back or its channel is gone; make a new one in "
                               "Slack and enter it here")  # fmt: skip
    return Result(found.sort, found.says.replace(address, "…"), found.after)


def _apprise(address: str, text: str) -> Result:
    sender = apprise.Apprise()
    sender.add(address)
    title, _, rest = text.partition("\n")
    with apprise.LogCapture(level=logging.DEBUG) as captured:
        is_done = sender.notify(title=title if rest else "", body=rest or title, body_format=apprise.NotifyFormat.TEXT)
        said = captured.getvalue()
    if is_done:
        return Result("done", "")
    if any(mark in said for mark in _LOST):
        return Result("doubt", "there was no answer; it may have been posted")
    lines = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
    return Result("again", _shortly(lines[0], address) if lines else "it was refused")


def _shortly(line: str, address: str) -> str:
    return line.partition(" - ")[2].replace(address, "…")[-webhook.SHOWN :]
