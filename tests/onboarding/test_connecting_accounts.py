"""Who we are at a connected system, what we may do there, and several billing accounts side by side."""

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from newcomer import enter, press
from small_company import words

from dashboard import accounts, fixes, jobs, setup
from dashboard.read import findings, sources
from extract.sandbox.server import Running, serve
from extract.vendor import Refused
from reconcile import settings, workflows
from reconcile.connections import connections
from reconcile.facts import Ambiguous
from reconcile.settings import Connection, Settings
from reconcile.state import state

FAST = {"hubspot": {"requests_per_10_seconds": "4000"}, "stripe": {"requests_per_second": "400"}}


@pytest.fixture(scope="module")
def other() -> Iterator[Running]:
    """A second company with books of its own."""
    running = serve(smtp_port=0, today=dt.date(2026, 11, 20), deals=300)
    yield running
    running.stop()


def join(page, vendor: str, secret: str, url: str, name: str = "") -> object:
    """Connect a system on its page; return the page as it stands then."""
    app = page("connections", vendor=vendor)
    if name:
        enter(app, "Name of the connection", name)
    enter(app, {"stripe": "Key", "hubspot": "Token"}[vendor], secret)
    enter(app, "Address", url)
    return press(app, "Test and connect")


@pytest.mark.capability("CONN-5")
def test_it_says_as_whom_of_which_company_and_with_which_rights(empty: Path, page, shop: Running) -> None:
    """Connected as account, company, rights; a key that may only read is named with each right that it lacks."""
    begun = time.time()
    text = words(join(page, "stripe", "sk_test_sandbox", shop.url))
    assert "Connected as **acct" in text and "company **Faro Norte Sistemas**" in text and "TEST account" in text
    assert "- read invoices" in text.replace("\\", "")
    assert "It may only read" not in text
    app = join(page, "hubspot", "pat-eu1-readonly", shop.url)
    told = next(i.value for i in app.info if "It may only read" in i.value).replace("\\", "")
    assert "crm.objects.deals.write" in told and "crm.objects.companies.write" in told
    shop.sandbox.faults.put([{"kind": "status", "match": "/crm/objects/.*/quotes", "status": 403}])
    try:
        app = page("connections")
        app.button(key="test-hubspot").click().run()
        app = page("connections")
    finally:
        shop.sandbox.faults.put([])
    warned = next(w.value for w in app.warning if "may not read everything" in w.value).replace("\\", "")
    assert "crm.objects.quotes.read" in warned and "deals.read" not in warned
    calls = [c for c in shop.sandbox.calls if c["at"] >= begun]
    asked = [c for c in calls if c["method"] in ("PATCH", "POST") and "none" in c["path"]]
    assert asked and not [c for c in calls if c["method"] == "PATCH" and c["status"] == 200]


def test_two_accounts_never_mix_under_one_name_and_one_never_counts_twice(empty: Path, shop: Running) -> None:
    """The same account under a second name, and another account under the first one's name, are refused."""
    options = {"base_url": shop.url, **FAST["stripe"]}
    setup.connect(empty, "stripe", "stripe", {"STRIPE_KEY": "sk_test_sandbox"}, options)
    with pytest.raises(Refused, match="connected already, as stripe"):
        setup.connect(empty, "stripe", "stripe-2", {"STRIPE_KEY": "sk_test_sandbox"}, options)
    known = accounts.told(state(empty), "stripe")
    assert known is not None
    kept = state(empty).value("account:stripe") | {"account": "acct_of_somebody_else"}
    state(empty).keep("account:stripe", kept)
    with pytest.raises(Refused, match="acct_of_somebody_else"):
        setup.connect(empty, "stripe", "stripe", {"STRIPE_KEY": "sk_test_sandbox"}, options)
    assert list(settings.load(empty).connections) == ["stripe"]


@pytest.mark.capability("CONN-6")
def test_with_two_billing_accounts_the_preview_asks_which_and_one_disconnected_stays_readable(
    empty: Path, page, shop: Running, other: Running
) -> None:
    """Two: the dialog asks, and the invoice is made in the one picked; one gone: no question, its books stay."""
    urls = {"hubspot": shop.url, "stripe": shop.url, "stripe-2": other.url}
    made = {n: Connection.model_validate({"vendor": n.removesuffix("-2"), "base_url": u, **FAST[n.removesuffix("-2")]})
            for n, u in urls.items()}  # fmt: skip
    empty.mkdir()
    settings.save(Settings(connections=made), empty)
    state(empty).keep_credentials("hubspot", {"HUBSPOT_TOKEN": "pat-eu1-sandbox"}, "test")
    for name in ("stripe", "stripe-2"):
        state(empty).keep_credentials(name, {"STRIPE_KEY": "sk_test_sandbox"}, "test")
    assert not [r.error for r in jobs.sync(empty) if r.error]
    jobs.reconcile(empty)
    missing = findings.page(empty, findings.Wanted(checks=("won_not_invoiced",)))
    there = {"billing": "stripe-2"}
    ready = [r["id"] for r in missing if all(plan.is_ready for plan in workflows.fix(empty, [r["id"]], there))]
    wanted = ready[0]

    with pytest.raises(Ambiguous):
        workflows.fix(empty, [wanted])
    with pytest.raises(fixes.NoFix, match="--billing stripe or --billing stripe-2"):
        fixes.offers(empty, [wanted])
    assert {p.vendor for p in fixes.offers(empty, [wanted], "stripe-2")} == {"hubspot", "stripe-2"}
    app = page("to-fix", finding=wanted)
    app.button(key="preview-one").click().run()
    asked = app.radio(key="choice-billing")
    assert [option.split(" ")[0] for option in asked.options] == ["stripe", "stripe-2"] and asked.value is None
    assert not [b for b in app.button if b.key == "confirm"], "nothing to confirm before that is answered"
    before = {one.url: len(one.sandbox.stripe.books.objects["invoices"]) for one in (shop, other)}
    plans = workflows.fix(empty, [wanted], there)
    assert {p.vendor for p in plans if p.action == "create_invoice"} == {"stripe-2"}
    assert all(o.is_done for o in workflows.settle(empty, plans, "ana"))
    after = {one.url: len(one.sandbox.stripe.books.objects["invoices"]) for one in (shop, other)}
    assert after == {shop.url: before[shop.url], other.url: before[other.url] + 1}
    again = workflows.settle(empty, workflows.fix(empty, [wanted], {"billing": "stripe"}), "eva")
    assert not all(o.is_done for o in again), "the deal is not invoiced in the other account as well"

    held = sources.holdings(empty, "stripe-2")["invoices"]
    app = page("connections")
    app.button(key="off-stripe-2").click().run()
    assert not app.exception and "read-only" in words(page("connections"))
    jobs.sync(empty)
    jobs.reconcile(empty)
    assert sources.holdings(empty, "stripe-2")["invoices"] == held
    assert "stripe-2" not in connections(empty)
    left = next(id for id in ready[1:])
    assert {p.vendor for p in workflows.fix(empty, [left]) if p.action == "create_invoice"} == {"stripe"}
