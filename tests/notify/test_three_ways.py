"""One deal, told by the CRM's API, by a web hook of a carrier and by a file: one record."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from company import Shop
from starlette.applications import Starlette
from typer.testing import CliRunner

from dashboard import hooks
from dashboard.cli import app
from dashboard.notify import webhook

RUN = CliRunner()


@pytest.fixture
def post(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Call the web hooks of the company's data folder over HTTP."""
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    monkeypatch.setattr(hooks, "GATHER", 0.1)
    served = httpx.ASGITransport(Starlette(routes=hooks.ROUTES))

    async def call(path: str, **said: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=served, base_url="http://cuadra.example") as client:
            return await client.post(path, **said)

    yield lambda path, **said: asyncio.run(call(path, **said))
    hooks.bell(shop.data).stop()


@pytest.mark.slow
@pytest.mark.capability("CONN-1", "CONN-4")
def test_one_deal_three_ways_is_one_record(shop: Shop, post: Any, tmp_path: Path) -> None:
    """Signed call of n8n, then the plain API reading, then the CRM's export: the same row, once; forged: nothing."""
    made = RUN.invoke(app, ["--data", str(shop.data), "hook", hooks.CARRIER])
    assert made.exit_code == 0, made.output
    key = re.findall(r"whsec_\S+", made.output)[0]
    assert all(key.encode() not in path.read_bytes() for path in shop.data.rglob("*") if path.is_file())
    id = shop.post("deals", {
        "company": {"name": "Three Ways SL", "nif": "B35680669", "country": "Spain"},
        "deal": {"dealname": "Three ways", "amount": "1440.50", "deal_currency_code": "EUR", "dealstage": "closedwon",
                 "closedate": "2026-10-01T10:00:00Z"}})["deal_id"]  # fmt: skip

    def record() -> list[tuple[Any, ...]]:
        return shop.rows("SELECT vendor, title, amount, currency, status FROM deals WHERE id = ?", id)

    body = json.dumps({"type": "changed", "data": {}}).encode()
    forged = post("/hooks/carrier", content=body, headers=webhook.signed("msg_1", body, webhook.secret(), time.time()))
    assert forged.status_code == 401 and record() == []
    for n in (1, 1, 2):  # replayed, and another
        headers = webhook.signed(f"msg_{n}", body, key, time.time())
        assert post("/hooks/carrier", content=body, headers=headers).status_code == 202
    end = time.monotonic() + 60
    while shop.store.values("hook:") and time.monotonic() < end:
        time.sleep(0.05)
    (by_hook,) = record()
    assert by_hook[0] == "hubspot" and by_hook[1:] == ("Three ways", by_hook[2], "EUR", "won")
    assert str(by_hook[2]) == "1440.5000"
    assert RUN.invoke(app, ["--data", str(shop.data), "sync", "--full"]).exit_code == 0
    assert record() == [by_hook]
    export = tmp_path / "all-deals.csv"
    export.write_text(f"Record ID,Deal Name,Deal Stage,Amount,Currency\n{id},Three ways,Closed won,1440.50,EUR\n")
    done = RUN.invoke(app, ["--data", str(shop.data), "import", str(export), "--set", "vendor=hubspot", "--json"])
    assert done.exit_code == 0, done.output
    assert record() == [by_hook]
