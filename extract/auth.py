"""How a request proves who sends it: one httpx.Auth per way of signing."""

import hashlib
import hmac
from collections.abc import Callable, Generator

import httpx


class HeaderAuth(httpx.Auth):
    """Put a token into a header, e.g. `Authorization: Bearer …`."""

    def __init__(self, token: str, header: str = "Authorization", prefix: str = "Bearer ") -> None:
        self.header, self.value = header, prefix + token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign and send."""
        request.headers[self.header] = self.value
        yield request


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
