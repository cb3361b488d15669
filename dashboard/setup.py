"""First steps: a data folder with commented settings; connections whose credentials are tried before they are kept."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from dashboard import accounts
from extract import logs
from extract.vendor import Connected, Refused, Unauthorised, Vendor, registry
from reconcile import access
from reconcile import settings as choices
from reconcile.connections import connection
from reconcile.settings import Connection
from reconcile.state import Entry, state

EXAMPLE = Path(__file__).resolve().parent.parent / "data" / "settings.example.toml"


def make(data: Path) -> Iterator[str]:
    """Make the data folder; what is there already stays. Yield what was done, for the user."""
    data.mkdir(parents=True, exist_ok=True)
    path = data / choices.FILE
    if path.exists():
        yield f"{path} is there already; it stays as it is."
    else:
        shutil.copyfile(EXAMPLE, path)
        yield f"{path} written: company, time zone and tolerances are explained in it."
    yield "Next: `cuadra connect hubspot`, `cuadra connect stripe`, or `cuadra import FILE`."


def connect(
    data: Path,
    vendor: str,
    name: str,
    credentials: Mapping[str, str],
    options: Mapping[str, str] | None = None,
    who: str = "command line",
) -> Connected:
    """Try a vendor's credentials and keep them if they are right. Raises VendorError, keeping nothing, if not."""
    access.need("administer")
    logs.hide(credentials.values())
    made = trial(data, vendor, name, credentials, options)
    lacking = made.lacks()
    if lacking:
        raise Unauthorised(name, f"{', '.join(lacking)} is empty.")
    found, closed = made.check(), made.unwritable()
    _same_books(data, vendor, name, found, made.url)
    settings, store = choices.load(data), state(data)
    settings.connections = settings.connections | {name: Connection(vendor=vendor, **(dict(options or {})))}
    choices.save(settings, data)
    other = {need: "" for need in (*made.needs, *(made.login.needs if made.login else ()))}  # of the other way in
    tried = {need: made.credentials[need] for need in credentials}  # a refresh token may have changed by trying it
    store.keep_credentials(name, other | tried, who)
    accounts.keep(store, name, found, closed)
    store.record(
        Entry(who=who, action="connect", outcome="done", vendor=name, says=f"connected to {found.account}",
              after={"vendor": vendor, "account": found.account, "options": dict(options or {})})
    )  # fmt: skip
    return found


def _same_books(data: Path, vendor: str, name: str, found: Connected, url: str) -> None:
    """Raise Refused where records of two accounts would mix under one name, or those of one count twice."""
    settings, store = choices.load(data), state(data)
    for other, said in settings.connections.items():
        known = accounts.told(store, other)
        if said.vendor != vendor or known is None or not (known.account and found.account):
            continue
        if other == name and known.account != found.account:
            raise Refused(name, f"this is account {found.account}, and what was read so far is of {known.account}: "
                                "connect it under another name.")  # fmt: skip
        same = known.account == found.account and (said.options.get("base_url") or registry()[vendor].base_url) == url
        if other != name and same:
            raise Refused(name, f"account {found.account} is connected already, as {other}: everything would count "
                                f"twice. To give it a new key, connect it as {other}.")  # fmt: skip


def trial(
    data: Path, vendor: str, name: str, credentials: Mapping[str, str], options: Mapping[str, str] | None = None
) -> Vendor:
    """Return the vendor as it would be connected, keeping nothing."""
    kind = registry()[vendor]
    settings = choices.load(data)
    plain = {k: v for k, v in (options or {}).items() if k not in ("base_url", "currency")}
    return kind(
        credentials, name=name, options=plain, base_url=(options or {}).get("base_url"),
        currency=(options or {}).get("currency"), time_zone=settings.company.time_zone,
        client=httpx.Client(timeout=15, follow_redirects=True),
    )  # fmt: skip


def disconnect(data: Path, name: str, who: str = "command line") -> None:
    """Forget a connection's credentials; what was read from it stays, read-only."""
    state(data).forget_credentials(name, who)


@access.as_program("refresh")
def again(data: Path, name: str) -> Connected:
    """Try the kept credentials of a connection, and remember what it told. Raises VendorError if they are refused."""
    settings, store = choices.load(data), state(data)
    made = connection(name, settings.connections[name], settings, store)
    found = made.check()
    accounts.keep(store, name, found, made.unwritable())
    return found
