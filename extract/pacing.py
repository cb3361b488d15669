"""How fast a vendor may be asked: limits of so many requests in so many seconds, and how long it asks us to wait."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email.utils import parsedate_to_datetime

import httpx
from pyrate_limiter import Duration, InMemoryBucket, Limiter, Rate

# Entered, waits until one more of so many requests in so many seconds may go, by name; left once it is answered.
Pace = Callable[[str, int, float], AbstractContextManager[None]]


def window(seconds: float) -> float:
    """Return the seconds in which we send what a vendor allows in `seconds`: its clock starts when a request arrives.

    A busy machine sends some later than they were let through, and then the next ones seem to come sooner.
    """
    return seconds + max(0.01 * seconds, 0.1)


def alone() -> Pace:
    """Return a pace that nobody else keeps."""
    limiters: dict[tuple[str, int, float], Limiter] = {}
    lock = threading.Lock()

    @contextmanager
    def wait(name: str, requests: int, seconds: float) -> Iterator[None]:
        with lock:
            known = limiters.get((name, requests, seconds))
            if known is None:
                rate = Rate(requests, int(window(seconds) * Duration.SECOND) + 1)
                known = limiters[name, requests, seconds] = Limiter(InMemoryBucket([rate]), buffer_ms=1)
        known.try_acquire(name)
        yield

    return wait


def retry_after(reply: httpx.Response) -> float | None:
    """Return the seconds of a Retry-After header, given as a number or as a date."""
    value = reply.headers.get("retry-after")
    if value is None:
        return None
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - dt.datetime.now(dt.UTC)).total_seconds())
    except ValueError:
        return None
