"""Web hooks beside the page: POST /hooks/CONNECTION is a reason to read that connection again, at once.

The reason is kept before it is answered and forgotten after the reading, so that a crash between loses nothing. Many
calls within a moment are one reading. A call that nobody signed is a hint, followed at most once a minute.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dashboard import jobs, unattended
from dashboard.notify import webhook
from dashboard.read import data_folder
from dashboard.unattended import EVERYTHING
from extract.hooks import SECRET, Call, Verdict, judge
from extract.store import Reading
from reconcile.settings import Settings, load
from reconcile.state import now, state

LARGEST = 1_000_000  # bytes of a call; HubSpot sends at most a hundred small events
GATHER = 0.3  # seconds in which further calls belong to the same reading; those that come later, to the next
HINT = 60.0  # seconds between readings for calls that nobody signed
AGAIN = 30.0  # seconds until a reading that failed is tried again
CARRIER = "carrier"  # the address of Make, Zapier, n8n and the like: a call there is a reason to read everything
CARRIER_SECRETS = "hook-in:carrier"  # under which its secret is kept
_RUNG = "hook:"
_ANSWERS: dict[Verdict, tuple[int, str]] = {
    "signed": (202, "reading"),
    "unsigned": (202, "not signed: taken as a hint to read again"),
    "forged": (401, "the signature is not ours: check the secret and the address of the web hook"),
    "old": (401, "the signature is older than five minutes"),
}
log = structlog.get_logger("cuadra.hooks")


def carrier_secret(data: Path, who: str) -> str:
    """Make the secret that carriers sign with, in place of any before, and return it: nobody sees it again."""
    made = webhook.secret()
    state(data).keep_credentials(CARRIER_SECRETS, {webhook.SECRET: made}, who)
    return made


class Doorbell:
    """Reads connections whose bell was rung, in a thread of its own, until it is told to stop."""

    def __init__(self, data: Path, read: Callable[[Path, list[str]], None]) -> None:
        self.data, self.read = data, read
        self._rung, self._stop = threading.Event(), threading.Event()
        self._last: dict[str, float] = {}

    def ring(self, name: str, signed: bool) -> None:
        """Have a connection read soon. Kept first; a signed call is never weakened by an unsigned one after it."""
        store, key = state(self.data), f"{_RUNG}{name}"
        if not signed and (store.value(key) or time.monotonic() - self._last.get(name, -HINT) < HINT):
            return
        store.keep(key, {"at": now().isoformat()})
        self._rung.set()

    def start(self) -> None:
        """Begin, with what was rung before a crash."""
        self._rung.set()
        threading.Thread(target=self._serve, daemon=True, name="web hooks").start()

    def stop(self) -> None:
        """End after the reading that is going on."""
        self._stop.set()
        self._rung.set()

    def _serve(self) -> None:
        while not self._stop.is_set():
            self._rung.wait()
            if self._stop.wait(GATHER):
                return
            self._rung.clear()
            store = state(self.data)
            rung = store.values(_RUNG)
            if rung and not self._read(sorted(name.removeprefix(_RUNG) for name in rung)):
                if self._stop.wait(AGAIN):
                    return
                self._rung.set()
                continue
            # what rang anew while we read has another time, and is read again
            store.drop(name for name, said in store.values(_RUNG).items() if rung.get(name) == said)
            if store.values(_RUNG):
                self._rung.set()

    def _read(self, names: list[str]) -> bool:
        """Read; return whether it is done with. What the schedule asked for is not tried again before its next time."""
        for name in names:
            self._last[name] = time.monotonic()
        try:
            self.read(self.data, names)
        except Exception as error:  # noqa: BLE001 the bell must go on ringing whatever one reading met
            log.error("a reading failed", names=names, error=repr(error))
            return names == [EVERYTHING]
        return True


def read_again(data: Path, names: list[str]) -> None:
    """Read what changed, reconcile, and let the automatic flows do what is due. ConnectionError if one was not read.

    The other connections are read too: that a deal which was just won is billed nowhere is known only if billing was
    read after it was won.
    """
    begun, readings, runs, error = now().isoformat(), list[Reading](), 0, ""
    try:
        if jobs.ready(data) & set(names) or {EVERYTHING, CARRIER} & set(names):
            readings = jobs.sync(data)
        runs = len(jobs.act(data).ids)
    except Exception as reason:
        error = f"{type(reason).__name__}: {reason}"
        raise
    finally:
        told = [{"vendor": r.vendor, "items": r.items, "rejected": r.rejected, "error": r.error} for r in readings]
        why = "schedule" if names == [EVERYTHING] else "hook"
        unattended.note(state(data), why=why, started_at=begun, readings=told, runs=runs, error=error)
    if failed := [reading.vendor for reading in readings if reading.error]:
        raise ConnectionError(f"not read: {', '.join(failed)}")


bells: dict[Path, Doorbell] = {}
_first = threading.Lock()


def bell(data: Path) -> Doorbell:
    """Return the doorbell of a data folder, begun at its first use."""
    with _first:
        if data not in bells:
            bells[data] = Doorbell(data, read_again)
            bells[data].start()
        return bells[data]


async def receive(request: Request) -> Response:
    """Answer a web hook within moments; what it asks for happens afterwards."""
    if int(request.headers.get("content-length") or 0) > LARGEST:
        return _says(413, "too large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return _says(413, "too large")
    return await run_in_threadpool(_answer, request, bytes(body))


def _answer(request: Request, body: bytes) -> Response:
    data, name = data_folder(), str(request.path_params["name"])
    settings = load(data)
    said = settings.connections.get(name)
    if said is None and name != CARRIER:
        return _says(404, "there is no such connection")
    vendor, secrets = (said.vendor, name) if said else ("standard", CARRIER_SECRETS)
    headers = {key.lower(): value for key, value in request.headers.items()}
    call = Call(request.method, _addresses(request, settings), headers, body)
    verdict = judge(vendor, call, state(data).credentials(secrets).get(SECRET, ""), time.time())
    status, text = _ANSWERS[verdict]
    log.info("web hook", connection=name, verdict=verdict, size=len(body))
    if status == 202:
        bell(data).ring(name, verdict == "signed")
    return _says(status, text)


def _says(status: int, text: str) -> Response:
    return JSONResponse({"says": text}, status)


def _addresses(request: Request, settings: Settings) -> tuple[str, ...]:
    """Return the addresses that the caller may have used: ours, a proxy's word, the public one of the settings.

    A wrong word does no harm: the signature covers the address.
    """
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    host = request.headers.get("x-forwarded-host") or request.headers.get("host") or ""
    scheme = request.headers.get("x-forwarded-proto") or request.url.scheme
    public = settings.reports.address.rstrip("/")
    found = (str(request.url), f"{scheme}://{host}{path}", f"https://{host}{path}", f"{public}{path}")
    return tuple(dict.fromkeys(found))


ROUTES = (Route("/hooks/{name}", receive, methods=["POST"]),)
