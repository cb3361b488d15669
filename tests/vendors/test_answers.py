"""What comes as a success and is none of the vendor's answers is a doubt that is named, never a fall."""

from typing import Any

import httpx
import pytest

from extract.vendor import Unreachable, Unsure, Vendor, registry


def speaking(name: str, content: bytes) -> Vendor:
    """Return a vendor that answers everything so."""
    kind = registry()[name]
    client = httpx.Client(transport=httpx.MockTransport(lambda asked: httpx.Response(200, content=content)))
    given: dict[str, Any] = {"base_url": "https://vendor.example", "credentials": dict.fromkeys(kind.needs, "x")}
    return kind(name=name, client=client, **given)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("stripe", b'{"error": {"message": "boom"}}'), ("stripe", b'{"object": "invoice"}'), ("stripe", b"null"),
        ("stripe", b"[]"), ("stripe", b""), ("stripe", b"<html>maintenance</html>"), ("stripe", b'{"id": "in_1", '),
        ("hubspot", b'{"status": "error", "message": "boom"}'), ("hubspot", b"[]"), ("hubspot", b"<html>"),
    ],
)  # fmt: skip
def test_a_success_that_is_none_is_a_doubt(name: str, content: bytes) -> None:
    """Whether a write was done nobody knows; what was asked is asked again. Either names the vendor and the call."""
    vendor = speaking(name, content)
    with pytest.raises(Unsure, match=f"{name}: POST /v1/invoices answered"):
        vendor.write("POST", "/v1/invoices", json={})
    with pytest.raises(Unreachable, match=f"{name}: GET /v1/invoices answered"):
        vendor.get("/v1/invoices")
