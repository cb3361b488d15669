"""Whether anything may be written at a connection: off for live accounts until switched on; one switch stops all.

A vendor's test account may always be written to; whether it is one, the vendor itself is asked.
"""

import time
from typing import Any

from extract.vendor import Connected, Vendor, VendorError
from reconcile import access
from reconcile.mail import Mailer
from reconcile.settings import Settings
from reconcile.state import Entry, State, now

_STOP = "stop_all_writing"
_KEPT = 600.0  # seconds for which a vendor's word about its account is believed
_known: dict[tuple[str, str], tuple[float, Connected]] = {}


def refusal(connection: str, vendor: Any, settings: Settings, store: State) -> str | None:
    """Return why nothing may be written at a connection, None where it may. VendorError if it cannot be asked."""
    if stopped := store.value(_STOP):
        return f"{stopped['who']} stopped all writing: {stopped['reason']}"
    if vendor is None:
        return f"{connection} is not connected"
    if isinstance(vendor, Mailer) and not vendor.is_on:
        return "no SMTP server is set: write its host into [mail] of settings.toml"
    if settings.may_write(connection) or settings.may_write(connection, is_test(vendor)):
        return None
    return f"{connection} is a live account and writing there is off: switch it on in the settings ([writes])"


def is_test(vendor: Any) -> bool:
    """Return whether the vendor's credential acts on a test account. VendorError if the vendor cannot be asked."""
    said = getattr(vendor, "is_test", None)  # some credentials tell by themselves
    return bool(connected(vendor).is_test if said is None else said)


def connected(vendor: Vendor) -> Connected:
    """Return who we are at the vendor, asked at most every ten minutes."""
    secret = str(sorted(vendor.credentials.items()))
    kept = _known.get((vendor.url, secret))
    if kept is None or time.monotonic() - kept[0] > _KEPT:
        kept = (time.monotonic(), vendor.check())
        _known[(vendor.url, secret)] = kept
    return kept[1]


def tests(vendors: dict[str, Vendor]) -> dict[str, bool]:
    """Return which connections are test accounts; those that cannot be asked count as live."""
    found = {}
    for name, vendor in vendors.items():
        try:
            found[name] = is_test(vendor)
        except VendorError:
            found[name] = False
    return found


def stop(store: State, who: str, reason: str = "") -> None:
    """Stop all writing, at once and everywhere, until somebody allows it again."""
    access.need("write")
    store.keep(_STOP, {"who": who, "reason": reason or "no reason given", "at": now().isoformat()})
    store.record(Entry(who=who, action="stop_all_writing", outcome="done", says=reason))


def allow(store: State, who: str) -> None:
    """Allow writing again."""
    access.need("administer")
    store.keep(_STOP, None)
    store.record(Entry(who=who, action="allow_writing", outcome="done"))


def is_stopped(store: State) -> bool:
    """Return whether all writing is stopped."""
    return bool(stopped(store))


def stopped(store: State) -> dict[str, str] | None:
    """Return who stopped all writing, the reason, and when (ISO, UTC); None where nobody did."""
    told: dict[str, str] | None = store.value(_STOP)
    return told
