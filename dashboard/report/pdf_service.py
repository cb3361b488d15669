"""A service that sets the PDF instead of us: it gets the report as JSON and answers with the file.

The JSON is that of `cuadra report week --json`; `Content-Language` says which words the reader wants. What comes back
has to be a PDF; where it is none, or nothing comes, ours goes out and the reason is told.
"""

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from dashboard.report import pdf
from dashboard.report.keys import optional
from dashboard.report.week import Report, as_json
from dashboard.words import language
from reconcile.settings import Settings
from reconcile.state import State

MOST = 20_000_000  # bytes of a file that mail servers still take
NEAR = ("localhost", "127.0.0.1", "::1")


class _No(Exception):
    """The service gave no PDF; the text says why."""


def paper(report: Report, settings: Settings, store: State) -> tuple[bytes, str]:
    """Return the report as PDF, and why it is ours though a service is set; empty where that answered, or none is.

    NoLogo as from `pdf.pdf`.
    """
    address = settings.reports.pdf_service.url
    if not address:
        return ours(report, settings), ""
    try:
        return _asked(address, settings.reports.pdf_service.seconds, report, store), ""
    except _No as no:
        return ours(report, settings), f"the PDF service failed ({no}): our own PDF went out instead"


def ours(report: Report, settings: Settings) -> bytes:
    """Return the PDF that we set."""
    return pdf.pdf(report, Path(settings.reports.logo) if settings.reports.logo else None)


def _asked(address: str, seconds: float, report: Report, store: State) -> bytes:
    place = urlsplit(address)
    if place.scheme != "https" and place.hostname not in NEAR:
        raise _No("its address must begin with https://, since figures travel to it")
    headers = {"Content-Type": "application/json", "Accept": "application/pdf", "Content-Language": language()}
    if token := optional("pdf_service", store):
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(as_json(report), ensure_ascii=False).encode()
    found, until = bytearray(), time.monotonic() + seconds
    try:
        with httpx.stream("POST", address, content=body, headers=headers, timeout=seconds) as reply:
            if reply.status_code != 200:
                raise _No(f"it answered {reply.status_code}")
            for part in reply.iter_bytes():
                found += part
                if time.monotonic() > until:
                    raise _No(f"it took more than {seconds:g} s")
                if len(found) > MOST:
                    raise _No(f"its file has more than {MOST // 1_000_000} MB")
    except httpx.InvalidURL as error:
        raise _No(f"{address} is no address") from error
    except httpx.HTTPError as error:
        raise _No(f"it gave no answer: {str(error) or type(error).__name__}") from error
    if not found.startswith(b"%PDF-") or b"%%EOF" not in found[-2048:]:
        raise _No("what it sent is no PDF")
    return bytes(found)
