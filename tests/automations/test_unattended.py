"""Reading by itself: by the clock, made up for once, stopped and started; and flows switched on for a part only."""

import datetime as dt
import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from company import PAUSES, Shop

from dashboard import hooks, unattended
from reconcile import settings
from reconcile.automations.due import due
from reconcile.automations.switch import switch
from reconcile.automations.turn import turn
from reconcile.settings import Automation, Company, Schedule, Settings
from reconcile.state import state

FLOW = "deal_to_invoice"


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def until(there: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := there()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found
    return found


def test_a_reading_that_was_missed_is_made_up_for_once(tmp_path: Path) -> None:
    """Every quarter of an hour; off for a night: one reading; what was due while it was stopped: none."""
    plan = {"sync": Schedule(cron="*/15 * * * *")}
    settings.save(Settings(company=Company(time_zone="Europe/Madrid"), schedules=plan), tmp_path)
    store, rung = state(tmp_path), list[tuple[str, bool]]()

    def tick(at: str) -> bool:
        return unattended.tick(tmp_path, lambda name, signed: rung.append((name, signed)), utc(at))

    assert not tick("2026-11-20T10:07:00")  # it counts from when it is first seen
    assert not tick("2026-11-20T10:14:59")
    assert tick("2026-11-20T10:15:03") and not tick("2026-11-20T10:16:00")
    assert tick("2026-11-21T08:02:00") and not tick("2026-11-21T08:03:00")
    unattended.stop(store, "eva")
    assert not tick("2026-11-21T09:00:01") and unattended.stopped(store)["who"] == "eva"
    assert unattended.following_at(settings.load(tmp_path), store, utc("2026-11-21T09:00:01")) is None
    unattended.start(store, "eva")
    store.ran("sync", utc("2026-11-21T11:01:00"))  # as if it were started then
    assert not tick("2026-11-21T11:02:00") and tick("2026-11-21T11:15:00")
    assert rung == [("*", True)] * 3
    assert [e["action"] for e in store.entries()] == ["start_schedule", "stop_schedule"]


def test_the_clock_alone_takes_a_won_deal_to_its_invoice(shop: Shop) -> None:
    """Nobody presses anything: read, compared, invoiced; how it went is kept for the page, also when a vendor fails."""
    shop.set(schedules={"sync": Schedule(cron="*/5 * * * *")})
    (owner,) = shop.rows("SELECT id FROM owners ORDER BY id")[0]
    switch(shop.data, FLOW, Automation(mode="automatic", owners=[owner], daily_cap=100), "ana")
    turn(shop.data, pauses=PAUSES)  # what was due before
    deal = shop.post("deals", {
        "company": {"name": "Clock SL", "nif": "B35680669", "address": "Calle 1", "city": "Madrid", "zip": "28001",
                    "country": "Spain"},
        "contact": {"email": "ana@clock.example", "firstname": "Ana", "lastname": "Reloj"},
        "deal": {"dealname": "By the clock", "amount": "1440", "dealstage": "closedwon", "hubspot_owner_id": owner,
                 "hs_v2_date_entered_closedwon": "2026-10-01T10:00:00Z"},
        "lines": [{"name": "Design", "quantity": "1", "price": "1440", "hs_tax_rate": "21"}]})["deal_id"]  # fmt: skip
    bell = hooks.Doorbell(shop.data, hooks.read_again)
    bell.start()
    unattended.tick(shop.data, bell.ring, utc("2026-11-21T10:00:00"))
    assert unattended.tick(shop.data, bell.ring, utc("2026-11-21T10:15:00"))
    until(lambda: unattended.last(shop.store))
    until(lambda: not shop.store.values("hook:"))
    last = unattended.last(shop.store)
    assert (last["why"], last["error"], last["runs"] >= 1) == ("schedule", "", True)
    assert {r["vendor"] for r in last["readings"]} == {"hubspot", "stripe"}
    assert "Clock SL" in json.dumps(shop.changed()["invoices"]) and deal
    shop.store.drop(["reading:last"])
    later = shop.post("deals", {
        "company": {"name": "Later SL"}, "contact": {"email": "l@later.example"},
        "deal": {"dealname": "Nothing to do yet", "amount": "70"}, "lines": []})["deal_id"]  # fmt: skip
    assert unattended.tick(shop.data, bell.ring, utc("2026-11-21T10:20:00"))
    assert until(lambda: unattended.last(shop.store))["runs"] == 0
    assert shop.rows("SELECT status FROM sales WHERE id = ?", later) == [("open",)]  # counted, though nothing was due
    shop.store.drop(["reading:last"])
    shop.post("faults", [{"kind": "status", "match": "stripe", "method": "GET", "status": 401, "times": 500}])
    assert unattended.tick(shop.data, bell.ring, utc("2026-11-21T10:30:00"))
    failed = until(lambda: unattended.last(shop.store))
    assert [r["vendor"] for r in failed["readings"] if r["error"]] == ["stripe"]
    until(lambda: not shop.store.values("hook:"))  # not tried every half minute: the next time comes
    bell.stop()


def test_a_flow_may_be_on_for_pipelines_countries_and_amounts(shop: Shop) -> None:
    """What is outside the pipelines or countries is not offered; what is worth more waits for a click."""
    found = [d for d in due(shop.data, [FLOW]) if d.held and "click" in d.held.text]
    ids = [d.plans[0].findings[0] for d in found]
    rows = shop.rows("""SELECT f.id, d.pipeline, c.country, f.amount_at_stake, f.currency FROM findings AS f
        JOIN deals AS d ON d.vendor = f.subject_vendor AND d.id = f.subject_id
        LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
        WHERE LIST_CONTAINS(?, f.id) ORDER BY f.amount_at_stake DESC""", ids)  # fmt: skip
    assert len(rows) > 3 and all(shop.plans(row[0]) for row in rows)

    def offered(**chosen: Any) -> set[str]:
        shop.set(automations={FLOW: Automation(mode="suggest", **chosen)})
        return {row[0] for row in rows if shop.plans(row[0])}

    pipeline, country = rows[0][1], rows[0][2]
    assert offered(pipelines=[pipeline]) == {r[0] for r in rows if r[1] == pipeline}
    assert offered(pipelines=["no such"]) == set()
    assert offered(countries=[country]) == {r[0] for r in rows if r[2] == country}
    assert offered(countries=["AQ"]) == set()
    euros = [r for r in rows if r[4] == "EUR"]
    limit = Decimal(euros[1][3])
    assert euros[0][3] > limit and offered(ceiling={"EUR": limit}) == {r[0] for r in rows}  # a click may do it
    switch(shop.data, FLOW, Automation(mode="automatic", ceiling={"EUR": limit}, daily_cap=100), "ana")
    known = settings.load(shop.data).automation(FLOW)
    assert known.ceiling == {"EUR": limit}
    held = {d.plans[0].findings[0]: str(d.held) for d in due(shop.data, [FLOW]) if d.held}
    for id, _, _, amount, currency in rows:
        assert (id in held) == (currency != "EUR" or amount > limit), (id, amount, currency)
    assert "by itself it goes up to" in held[euros[0][0]]
