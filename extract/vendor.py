"""The base of all vendors: signing, paced and retried reads, writes sent once, and the registry of the folder.

A vendor says how to sign, how to fetch and how to map; everything about the wire is here. Reads are repeated when that
can help (429, 5xx, time-outs, cut connections); writes are sent once, and their failure says whether it was a no
(`Refused`) or a doubt (`Unsure`).
"""

import datetime as dt
import importlib
import pkgutil
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple
from zoneinfo import ZoneInfo

import httpx
import msgspec
import stamina

from extract.auth import Keyring
from extract.bulk import Columns, typed
from extract.errors import MissingRight, Refused, Unauthorised, Unreachable, Unsure, VendorError
from extract.pacing import Pace, alone, retry_after
from extract.streams import together

Item = dict[str, Any]
Params = dict[str, Any]

# Decimals stay decimals: no float ever touches an amount.
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
RETRIED = frozenset({408, 423, 425, 429, 477, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
ATTEMPTS = 6
LONGEST_WAIT = 120  # seconds; a vendor that asks for more than this is given up for this run


class _Again(Exception):
    """A read that may be repeated, after `wait` seconds where the vendor said so."""

    def __init__(self, error: VendorError, wait: float | None) -> None:
        super().__init__(str(error))
        self.error, self.wait = error, wait


class Connected(NamedTuple):
    """Who we are at the vendor, as it told us."""

    account: str
    is_test: bool
    currency: str | None = None
    time_zone: str | None = None
    rights: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    note: str = ""
    company: str = ""  # whose account it is, where the vendor tells


class Extra(NamedTuple):
    """Reports of a vendor's own that an account's plan, or the key's rights, add; `says` is why they do not."""

    name: str
    is_there: bool
    says: str = ""
    items: tuple[str, ...] = ()  # what there is, as the vendor calls it


class Option(NamedTuple):
    """A choice of the user that a vendor needs, e.g. which property holds the tax id."""

    name: str
    says: str
    default: str = ""


class Hindrance(NamedTuple):
    """Something in the account that stands in the way of a draft; `code` is one of the vendor's `obstacles`."""

    code: str
    values: Mapping[str, str] = {}
    stops: bool = True  # False: it does not, and a person should know of it before


class Login(NamedTuple):
    """How somebody signs in at the vendor's own page instead of pasting a key (OAuth 2, authorization code)."""

    page: str  # where they are sent
    token: str  # path below base_url that gives tokens
    scopes: tuple[str, ...]
    needs: tuple[str, ...]  # credentials: client id, client secret, refresh token, then what comes back with the code
    asks: tuple[tuple[str, str], ...] = ()  # what the page is asked besides
    brings: tuple[tuple[str, str], ...] = ()  # what comes back with the code, and the credential that it is


@cache
def trusted() -> ssl.SSLContext:
    """Return whose certificates are believed, read once: that takes an eighth of a second, and clients are many."""
    return httpx.create_ssl_context()


class Vendor:
    """A system outside. Subclasses declare the facts on top and define `fetch` and `rows`."""

    title: ClassVar[str] = ""
    kind: ClassVar[Literal["crm", "billing", "bank", "shop", "file", "channel"]] = "billing"
    api_version: ClassVar[str] = ""
    base_url: ClassVar[str] = ""
    auth_kind: ClassVar[Literal["key", "token", "url", "oauth", "password", "none"]] = "token"
    needs: ClassVar[tuple[str, ...]] = ()  # credentials; all set: the vendor is on
    login: ClassVar[Login | None] = None  # where one may also sign in at its own page
    steps: ClassVar[tuple[str, ...]] = ()  # where a person finds the credentials, in order
    options: ClassVar[tuple[Option, ...]] = ()
    obstacles: ClassVar[Mapping[str, str]] = {}  # what may stand in the way of a write, by code: words for people
    reads: ClassVar[tuple[str, ...]] = ()  # canonical tables
    writes: ClassVar[tuple[str, ...]] = ()  # names of actions
    adds: ClassVar[tuple[str, ...]] = ()  # names of the extras that an account may have
    rate: ClassVar[tuple[int, float]] = (100, 10.0)  # requests, seconds
    drafts: ClassVar[bool] = True  # whether an invoice begins as a draft; where not, making one issues it
    negative_lines: ClassVar[bool] = True  # whether an invoice takes lines that reduce it
    settles: ClassVar[float] = 0.0  # seconds after a doubt until "it is not there" can be believed
    presets: ClassVar[Mapping[str, str]] = {}  # options of the CRM beside this billing system, where nobody chose them
    evidence: ClassVar[str] = ""  # what proves this connector, for the catalogue
    overlap: ClassVar[dt.timedelta] = dt.timedelta(minutes=15)  # search indexes lag: modified runs reach back this far

    def __init__(
        self,
        credentials: Mapping[str, str] | None = None,
        *,
        name: str | None = None,
        options: Mapping[str, str] | None = None,
        base_url: str | None = None,
        currency: str | None = None,
        time_zone: str = "UTC",
        client: httpx.Client | None = None,
        pace: Pace | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        """Make a connection. `currency` is the account's, for amounts that say none; `time_zone` the company's.

        `pace` is kept together with whoever else has it; without one this object keeps the limit for itself. `keyring`
        holds the credentials for others too: where a vendor gives a new one, it is kept there before it is used.
        """
        self.name = name or type(self).__module__.rsplit(".", 1)[-1]
        self.credentials = dict(credentials or {})
        self.chosen = {o.name: o.default for o in self.options} | dict(options or {})
        self.account_currency, self.zone = currency, ZoneInfo(time_zone)
        wait = httpx.Timeout(30, connect=10)
        self.client = client or httpx.Client(timeout=wait, follow_redirects=True, verify=trusted())
        self.url = (base_url or self.base_url).rstrip("/")
        self.limit, self.keyring = pace or alone(), keyring or Keyring()
        self._auth: httpx.Auth | None = None

    # What a vendor defines

    def auth(self) -> httpx.Auth | None:
        """Return how requests are signed."""
        return None

    def headers(self) -> dict[str, str]:
        """Return headers that every request carries, such as the API version."""
        return {}

    def now(self) -> dt.datetime:
        """Return this instant, UTC: the one clock of a vendor, so that a test can hold it."""
        return dt.datetime.now(dt.UTC)

    def allowance(self) -> tuple[int, float]:
        """Return how many requests in how many seconds this account may send."""
        return self.rate

    @contextmanager
    def pace(self, path: str) -> Iterator[None]:
        """Wait until a request to `path` may be sent, which is answered when this context ends."""
        with self.limit(self.name, *self.allowance()):
            yield

    def can_modify(self, since: dt.datetime) -> bool:
        """Return whether the vendor can still tell what changed since then; if not, a full reading is due."""
        return True

    def fetch(self, since: dt.datetime | None) -> Iterator[tuple[str, Item]]:
        """Yield (kind, item) as the vendor sends them: all, or those changed since an instant."""
        if type(self).streams is Vendor.streams:
            raise AttributeError(f"{self.name} cannot be read")
        yield from together(*self.streams(since))

    def streams(self, since: dt.datetime | None) -> list[Iterable[tuple[str, Item]]]:
        """Return what is to be fetched as streams that may be read at the same time, instead of `fetch`."""
        return [self.fetch(since)]

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one item again, for a reject that somebody mended. Vendors that cannot yield nothing."""
        return iter(())

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (table, row) that an item means. Pure: no network, no clock, no other item."""
        raise AttributeError(f"{self.name} has no rows")

    def mapped(self, table: str, kind: str, item: Item) -> dict[str, Any]:
        """Return the typed row of `table` that an item read just now means. LookupError if it means none (archived)."""
        found = [row | {"vendor": self.name} for name, row in self.rows(kind, item) if name == table]
        if not found:
            raise LookupError(f"{self.name} {kind} {self.key(kind, item)} is no longer there")
        frame, misfits = typed(Columns(table, found[:1]), self.zone.key)
        if misfits:
            raise ValueError(f"{self.name} {kind} {self.key(kind, item)}: {misfits[0].field} {misfits[0].value!r}")
        return frame.row(0, named=True)

    def key(self, kind: str, item: Item) -> str:
        """Return what tells this item from others of its kind; a later item of the same key replaces it."""
        return str(item["id"])

    def check(self) -> Connected:
        """Return who we are there, by asking. Raises Unauthorised, MissingRight or Unreachable."""
        raise AttributeError(f"{self.name} cannot be checked")

    def places(self, table: str) -> dict[str, str]:
        """Return where this vendor keeps each canonical field of a table, in its own words; empty where nobody asks."""
        return {}

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Ask the account once, while this lasts, for what the hindrances of several drafts have in common."""
        yield

    def hindrances(self, draft: Any) -> tuple[Hindrance, ...]:
        """Return what in the account stands in the way of making this draft, by asking; nothing is written."""
        return ()

    def besides(self, draft: Any) -> Mapping[str, str | None]:
        """Return what is written beyond a draft, by name, and None for a field of it that has no place here."""
        return {}

    def unwritable(self) -> tuple[str, ...]:
        """Return the rights to write that the credential lacks, by asking to change records that do not exist."""
        return ()

    def refuses_write(self, method: str, path: str, **body: Any) -> str | None:
        """Return why a write to a record that does not exist is not allowed; None where it is: nothing is found then.

        Raises Unauthorised, or Unsure where the vendor cannot be asked.
        """
        try:
            self.write(method, path, **body)
        except MissingRight as error:
            return str(error)
        except Unauthorised:
            raise
        except Refused:  # no such record: the right is there
            pass
        return None

    def extras(self) -> tuple[Extra, ...]:
        """Return for each name of `adds` whether the account has it, by asking. Raises like `check`."""
        return ()

    def explain(self, reply: httpx.Response) -> str:
        """Return the vendor's own words for an error reply."""
        return reply.text[:300]

    def failure(self, reply: httpx.Response, otherwise: type[VendorError]) -> VendorError:
        """Return the error that an unsuccessful reply means."""
        asked = reply.request
        text = f"{asked.method} {asked.url.path} answered {reply.status_code}: {self.explain(reply)}"
        if reply.status_code == 401:
            return Unauthorised(self.name, f"the credential was refused ({text}). Enter a valid one.", 401)
        if reply.status_code == 403:
            return MissingRight(self.name, f"a right is missing ({text}).", 403)
        return (Refused if 400 <= reply.status_code < 500 else otherwise)(self.name, text, reply.status_code)

    def lacks(self) -> tuple[str, ...]:
        """Return the credentials that are missing, by the way of signing in that lacks least; empty: it is on."""
        ways = [self.needs, *([self.login.needs] if self.login else [])]
        return min((tuple(n for n in way if not self.credentials.get(n)) for way in ways), key=len)

    def signed_in(self, code: str, redirect: str) -> str:
        """Return the refresh token for the code that the vendor's own page sent back. Raises Unauthorised."""
        return str(self._granted(grant_type="authorization_code", code=code, redirect_uri=redirect)["refresh_token"])

    def renewed(self) -> tuple[str, float]:
        """Return an access token and its seconds to live. Raises Unauthorised where the sign-in was taken back.

        Some vendors give a new refresh token and the old one ends: it is kept at once, and one of us asks at a time.
        """
        assert self.login is not None
        need = self.login.needs[2]
        with self.keyring.alone():
            used = self.keyring.now().get(need) or self.credentials[need]
            try:
                granted = self._regranted(used)
            except Unauthorised:
                latest = self.keyring.now().get(need) or used  # another machine may have been quicker
                if latest == used:
                    raise
                granted, used = self._regranted(latest), latest
            fresh = str(granted.get("refresh_token") or used)
            if fresh != used:
                self.keyring.keep({need: fresh})
            self.credentials[need] = fresh
        return str(granted["access_token"]), float(granted["expires_in"])

    def _regranted(self, token: str) -> Any:
        """Ask for an access token, again where nobody answered: unlike a code, a refresh token may be shown twice."""
        for attempt in stamina.retry_context(on=Unreachable, attempts=ATTEMPTS, timeout=None, wait_max=20.0):
            with attempt:
                return self._granted(grant_type="refresh_token", refresh_token=token)
        raise AssertionError("unreachable: the retry context returns or raises")

    def token_request(self, form: Mapping[str, str], client: str, secret: str) -> Params:
        """Return where tokens are asked for, and the request, as keywords of a POST."""
        assert self.login is not None
        return {"url": self.url + self.login.token, "data": {**form, "client_id": client, "client_secret": secret}}

    def _granted(self, **form: str) -> Any:
        """Ask the token endpoint once."""
        assert self.login is not None
        client, secret = (self.credentials.get(need, "") for need in self.login.needs[:2])
        try:
            reply = self.client.post(**self.token_request(form, client, secret))
        except httpx.HTTPError as error:
            raise Unreachable(self.name, f"{self.login.token} cannot be reached ({type(error).__name__}).") from error
        if reply.is_success:
            return decode(reply, self.name)
        if 400 <= reply.status_code < 500 and reply.status_code not in RETRIED:
            text = f"the sign-in was refused ({reply.status_code}: {self.explain(reply)}). Sign in there once more."
            raise Unauthorised(self.name, text, reply.status_code)
        raise Unreachable(self.name, f"{self.login.token} answered {reply.status_code}.", reply.status_code)

    # The wire

    def read(self, method: str, path: str, *, params: Params | None = None, json: Any = None) -> Any:
        """Send a read, again where that helps, and return the decoded reply (decimals exact)."""
        return self._said(self.reply(method, path, params=params, json=json), Unreachable)

    def reply(
        self, method: str, path: str, *, params: Params | None = None, json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Send a read, again where that helps, and return what came, such as a PDF."""

        def wait_for(error: Exception) -> bool | float:
            if not isinstance(error, _Again):
                return False
            return True if error.wait is None else min(error.wait, LONGEST_WAIT)

        try:
            for attempt in stamina.retry_context(on=wait_for, attempts=ATTEMPTS, timeout=None, wait_max=20.0):
                with attempt:
                    return self._read_once(method, path, params, json, headers)
        except _Again as again:
            raise again.error from again
        raise AssertionError("unreachable: the retry context returns or raises")

    def get(self, path: str, **params: Any) -> Any:
        """Read by GET."""
        return self.read("GET", path, params=params)

    def pages(
        self, path: str, params: Params, following: Callable[[Any, Params], Params | None], method: str = "GET"
    ) -> Iterator[Any]:
        """Yield reply after reply; `following` returns the changed params, or None on the last page.

        A vendor that keeps pointing at the page just read would never end: that is an error, not a loop.
        """
        seen: set[str] = set()
        step: Params | None = {}
        while step is not None:
            params = params | step
            reply = self.read(method, path, **({"params": params} if method == "GET" else {"json": params}))
            yield reply
            step = following(reply, params)
            mark = repr(sorted(step.items(), key=str)) if step else ""
            if mark in seen:
                raise Unreachable(self.name, f"{path} points at the same next page twice ({mark}); stopped.")
            seen.add(mark)

    def write(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        files: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send a write once and return the decoded reply. Raises Refused on a no, Unsure on a doubt."""
        try:
            reply = self._send(method, path, None, json, data=data, files=files, headers=headers)
        except httpx.ConnectError as error:  # nothing left this machine: a clear no
            raise Refused(self.name, f"cannot be reached ({error}); nothing was sent. Try again later.") from error
        except httpx.HTTPError as error:
            raise Unsure(
                self.name, f"no answer to {method} {path} ({type(error).__name__}); it may have worked."
            ) from error
        if not reply.is_success:
            # 409 and 429 are answers given before the work: nothing was done.
            raise self.failure(reply, Unsure)
        return self._said(reply, Unsure)

    def is_answer(self, said: Any) -> bool:
        """Return whether the JSON of a successful reply is one of this vendor's: an error may come as a success."""
        return True

    def _said(self, reply: httpx.Response, otherwise: type[VendorError]) -> Any:
        """Return the decoded reply. Raises `otherwise` where it is none of the vendor's."""
        said = decode(reply, self.name, otherwise=otherwise)
        if not self.is_answer(said):
            asked = reply.request
            text = (
                f"{asked.method} {asked.url.path} answered {reply.status_code} with something else: {reply.text[:80]!r}"
            )
            raise otherwise(self.name, text, reply.status_code)
        return said

    def download(self, url: str) -> bytes:
        """Return the bytes at an address the vendor gave (a PDF), unsigned."""
        try:
            reply = self.client.get(url)
        except httpx.HTTPError as error:
            raise Unreachable(self.name, f"{url} cannot be read ({error}).") from error
        if not reply.is_success:
            raise Unreachable(self.name, f"{url} answered {reply.status_code}.", reply.status_code)
        return reply.content

    def _send(self, method: str, path: str, params: Params | None, json: Any, **rest: Any) -> httpx.Response:
        self._auth = self._auth or self.auth()
        headers = self.headers() | dict(rest.pop("headers", None) or {})
        content = None
        if json is not None:
            content, headers["Content-Type"] = _encode(json), "application/json"
        clean = {k: v for k, v in (params or {}).items() if v is not None}
        url = path if path.startswith("http") else self.url + path
        with self.pace(path):
            return self.client.request(
                method, url, params=clean or None, content=content, headers=headers, auth=self._auth, **rest
            )

    def _read_once(
        self, method: str, path: str, params: Params | None, json: Any, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            reply = self._send(method, path, params, json, headers=headers)
        except httpx.TransportError as error:
            what = f"{method} {path} failed ({type(error).__name__}: {error}); tried {ATTEMPTS} times"
            raise _Again(Unreachable(self.name, what), None) from error
        if reply.is_success:
            return reply
        if reply.status_code in RETRIED and not self.hopeless(reply):
            raise _Again(self.failure(reply, Unreachable), self.wait(reply))
        raise self.failure(reply, Unreachable)

    def hopeless(self, reply: httpx.Response) -> bool:
        """Return whether waiting will not help, e.g. when the day's allowance is spent."""
        return False

    def wait(self, reply: httpx.Response) -> float | None:
        """Return the seconds the vendor asks us to wait; None: back off by our own measure."""
        return retry_after(reply)

    # Small things vendors share

    def day(self, instant: str | int | Decimal | None) -> dt.date | None:
        """Return the date, in the company's time zone, of an ISO instant or Unix seconds; an ISO date stays itself."""
        if instant is None or instant == "":
            return None
        if isinstance(instant, str) and len(instant) == 10:
            return dt.date.fromisoformat(instant)
        return self.instant(instant).astimezone(self.zone).date()  # type: ignore[union-attr]

    def instant(self, value: str | int | Decimal | None) -> dt.datetime | None:
        """Return an aware UTC instant of ISO text, Unix seconds or (longer) milliseconds."""
        if value is None or value == "":
            return None
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            found = dt.datetime.fromisoformat(value)
            return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        seconds = int(value)
        return dt.datetime.fromtimestamp(seconds / 1000 if abs(seconds) > 10**11 else seconds, dt.UTC)


def decode(reply: httpx.Response, vendor: str, otherwise: type[VendorError] = Unreachable) -> Any:
    """Return the JSON of a reply with decimals exact, or None where it has no body."""
    if not reply.content:
        return None
    try:
        return _decode(reply.content)
    except msgspec.DecodeError as error:
        what = (
            f"{reply.request.method} {reply.request.url.path} answered something that is not JSON: {reply.text[:80]!r}"
        )
        raise otherwise(vendor, what, reply.status_code) from error


@cache
def registry() -> dict[str, type[Vendor]]:
    """Return vendor classes by the name of their file."""
    import extract.vendors

    found = {}
    for module in pkgutil.iter_modules(extract.vendors.__path__):
        loaded = importlib.import_module(f"extract.vendors.{module.name}")
        found[module.name] = next(
            c
            for c in vars(loaded).values()
            if isinstance(c, type) and issubclass(c, Vendor) and c.__module__ == loaded.__name__
        )
    return found
