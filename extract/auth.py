"""How a request proves who sends it: one httpx.Auth per way of signing."""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import httpx


class Keyring:
    """Where the credentials of a connection are kept. This one keeps nothing: its vendor alone knows what is new."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else who has this keyring change it meanwhile."""
        yield

    def now(self) -> Mapping[str, str]:
        """Return the credentials as they are kept at this moment, by name."""
        return {}

    def keep(self, secrets: Mapping[str, str]) -> None:
        """Keep new credentials in place of the old ones of these names."""


class HeaderAuth(httpx.Auth):
    """Put a token into a header, e.g. `Authorization: Bearer …`."""

    def __init__(self, token: str, header: str = "Authorization", prefix: str = "Bearer ") -> None:
        self.header, self.value = header, prefix + token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign and send."""
        request.headers[self.header] = self.value
        yield request


class RenewedAuth(httpx.Auth):
    """Sign by an access token that ends: `renew` gives the next one with its seconds to live, asked in good time.

    A request that is refused as 401 is sent once more under a new token: refused like that, it did nothing.
    """

    EARLY = 60.0  # seconds before its end that a token is renewed
    _live: ClassVar[dict[str, tuple[str, float]]] = {}  # tokens of this process and their ends, by whose they are

    def __init__(self, renew: Callable[[], tuple[str, float]], whose: str = "") -> None:
        """Sign by what `renew` gives; connections that say the same of `whose` it is have it in common."""
        self.renew, self.whose, self.token, self.ends = renew, whose, "", 0.0
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign and send, and again where the token had ended before its time."""
        used = self._valid()
        request.headers["Authorization"] = f"Bearer {used}"
        reply = yield request
        if reply.status_code == 401:
            request.headers["Authorization"] = f"Bearer {self._valid(but=used)}"
            yield request

    def _valid(self, but: str = "") -> str:
        """Return a token that still lives and is another than `but`, one thread asking for all."""
        with self._lock:
            if self.whose and not self.token:
                self.token, self.ends = self._live.get(self.whose, ("", 0.0))
            if not self.token or self.token == but or time.monotonic() > self.ends:
                self.token, seconds = self.renew()
                self.ends = time.monotonic() + seconds - self.EARLY
                if self.whose:
                    self._live[self.whose] = self.token, self.ends
            return self.token


class SignedAuth(httpx.Auth):
    """Sign each request by HMAC over what `message` makes of it."""

    requires_request_body = True

    def __init__(
        self,
        key: bytes,
        header: str,
        message: Callable[[httpx.Request], bytes],
        *,
        digest: str = "sha256",
        value: str = "{signature}",
    ) -> None:
        self.key, self.header, self.message, self.digest, self.template = key, header, message, digest, value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign and send."""
        signature = hmac.new(self.key, self.message(request), getattr(hashlib, self.digest)).hexdigest()
        request.headers[self.header] = self.template.format(signature=signature)
        yield request
