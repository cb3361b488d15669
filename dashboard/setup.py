"""First steps: a data folder with commented settings; connections whose credentials are tried before they are kept."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from extract import logs
from extract.vendor import Connected, Unauthorised, Vendor, registry
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
    lacking = [need for need in made.needs if not credentials.get(need)]
    if lacking:
        raise Unauthorised(name, f"{', '.join(lacking)} is empty.")
    found = made.check()
    settings, store = choices.load(data), state(data)
    settings.connections = settings.connections | {name: Connection(vendor=vendor, **(dict(options or {})))}
    choices.save(settings, data)
    store.keep_credentials(name, dict(credentials), who)
    store.record(
        Entry(who=who, action="connect", outcome="done", vendor=name, says=f"connected to {found.account}",
              after={"vendor": vendor, "account": found.account, "options": dict(options or {})})
    )  # fmt: skip
    return found


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
    """Try the kept credentials of a connection. Raises VendorError if they are refused."""
    settings = choices.load(data)
    return connection(name, settings.connections[name], settings, state(data)).check()
