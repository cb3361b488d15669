"""A won deal becomes a customer, an invoice and a number on the deal, typed once, through the command line."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from dashboard import jobs


def deal_of(books: Any, id: str) -> dict[str, Any]:
    return next(d for d in books()["deals"] if d["id"] == id)


def invoices_of(books: Any, id: str) -> list[dict[str, Any]]:
    return [i for i in books()["invoices"] if i["metadata"].get("crm_deal_id") == id and i["status"] != "void"]


def plans_of(cuadra: Any, finding: dict[str, Any]) -> list[dict[str, Any]]:
    return cuadra.json("fix", finding["id"], "--dry-run")


def is_free(cuadra: Any, books: Any, finding: dict[str, Any]) -> bool:
    """Nobody invoiced it meanwhile, and nothing is missing to do so."""
    return not invoices_of(books, finding["subject_id"]) and all(not p["needs"] for p in plans_of(cuadra, finding))


def company_id(data: Any, deal: str) -> str:
    from dashboard.read import question

    return question(lambda db: db.one("SELECT customer_id FROM deals WHERE id = $id", id=deal))(data)


@pytest.fixture
def new_customer(cuadra: Any, books: Any) -> dict[str, Any]:
    """A won deal, nothing billed, whose company billing does not know."""
    known = {c["metadata"].get("crm_company_id") for c in books()["customers"]}

    def wanted(finding: dict[str, Any]) -> bool:
        plans = cuadra.json("fix", finding["id"], "--dry-run")
        return any(p["action"] == "create_customer" for p in plans) and all(not p["needs"] for p in plans)

    found = cuadra.finding("won_not_invoiced", wanted)
    assert company_id(cuadra.data, found["subject_id"]) not in known
    return found


@pytest.mark.capability("CUST-1", "CUST-5", "INV-1", "WB-4", "WB-7", "MAP-6", "MAP-7", "MAP-8", "INV-9")
def test_one_confirmation_makes_customer_invoice_and_number(
    cuadra: Any, books: Any, company: Any, new_customer: dict[str, Any]
) -> None:
    """The preview equals the effect; pressed again nothing is added; after the next sync the finding is gone."""
    deal, before = new_customer["subject_id"], books()
    plans = {p["action"]: p for p in cuadra.json("fix", new_customer["id"], "--dry-run")}
    assert books() == before, "a preview writes nothing"
    outcomes = cuadra.json("fix", new_customer["id"], "--yes")
    assert {o["state"] for o in outcomes} <= {"done", "found"}

    after = books()
    made = [c for c in after["customers"] if c["metadata"].get("crm_company_id") == company_id(cuadra.data, deal)]
    (customer,) = made
    said = plans["create_customer"]["draft"]
    assert (customer["name"], customer["email"], customer["phone"]) == (said["name"], said["email"], said["phone"])
    assert customer["address"]["line1"] == said["street"] and customer["address"]["postal_code"] == said["postcode"]
    assert any(said["tax_id"] in value for _, value in customer["tax_ids"])

    (invoice,) = invoices_of(books, deal)
    draft = plans["create_invoice"]["draft"]
    lines = [(line["description"], Decimal(line["quantity"]), line["amount"]) for line in invoice["lines"]]
    net = [round(Decimal(x["quantity"]) * Decimal(x["unit_price"]) * (1 - Decimal(x["discount_rate"]) / 100), 2)
           for x in draft["lines"]]  # fmt: skip
    assert lines == [
        (x["description"], Decimal(x["quantity"]), n * 100) for x, n in zip(draft["lines"], net, strict=True)
    ]
    assert invoice["customer"] == said["name"] and invoice["customer_email"] == said["email"]
    assert draft["deal_reference"] in json.dumps(invoice["custom_fields"])
    assert invoice["number"]

    written = deal_of(books, deal)
    assert written["cuadra_invoice_number"] == invoice["number"]
    assert Decimal(written["cuadra_invoiced_amount"]) * 100 == invoice["total"]

    cuadra("fix", new_customer["id"], "--yes")
    assert len(invoices_of(books, deal)) == 1 and len(books()["customers"]) == len(after["customers"])
    cuadra("sync")
    assert new_customer["id"] not in {f["id"] for f in cuadra.json("findings")}


@pytest.mark.capability("CUST-5", "LINK-3")
def test_a_known_customer_is_not_made_again(cuadra: Any, books: Any) -> None:
    """The same fix for a company that billing knows makes an invoice and no customer."""

    def wanted(finding: dict[str, Any]) -> bool:
        plans = cuadra.json("fix", finding["id"], "--dry-run")
        actions = [p["action"] for p in plans]
        return "create_customer" not in actions and "create_invoice" in actions and all(not p["needs"] for p in plans)

    finding, before = cuadra.finding("won_not_invoiced", wanted), len(books()["customers"])
    cuadra("fix", finding["id"], "--yes")
    assert len(books()["customers"]) == before
    assert len(invoices_of(books, finding["subject_id"])) == 1


@pytest.mark.capability("INV-1", "INV-9")
def test_by_default_a_draft_waits_to_be_reviewed_and_is_issued_later(
    cuadra: Any, books: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not switched to issue: a confirmation leaves a draft. Days later it is a finding whose fix issues that draft."""
    settings = cuadra.data / "settings.toml"
    settings.write_text(settings.read_text().replace("issue = true", "issue = false"))
    finding = cuadra.finding("won_not_invoiced", lambda f: is_free(cuadra, books, f))
    cuadra("fix", finding["id"], "--yes")
    (draft,) = invoices_of(books, finding["subject_id"])
    assert draft["status"] == "draft" and not draft["number"]
    cuadra("sync")
    assert finding["id"] not in {f["id"] for f in cuadra.json("findings")}
    monkeypatch.setenv("CUADRA_TODAY", str(dt.date.today() + dt.timedelta(days=6)))
    cuadra("reconcile")
    deal = f"SELECT invoice_id FROM deal_invoices WHERE deal_id = '{finding['subject_id']}'"
    (waiting,) = cuadra.json("query", deal)
    unsent = cuadra.finding("invoice_not_sent", lambda f: f["subject_id"] == waiting["invoice_id"])
    assert [p["action"] for p in plans_of(cuadra, unsent)][:1] == ["issue_invoice"]
    cuadra("fix", unsent["id"], "--yes")
    (issued,) = invoices_of(books, finding["subject_id"])
    assert issued["status"] == "open" and issued["number"]


@pytest.mark.capability("INV-1")
def test_a_deal_turned_won_is_found_by_the_next_sync(cuadra: Any, company: Any) -> None:
    """A deal won just now is waited for (grace); once the grace is over it is a finding with its amount."""
    stages = httpx.get(f"{company.url}/crm/v3/pipelines/deals", headers={"Authorization": "Bearer pat-eu1-sandbox"})
    assert stages.status_code == 200
    open_deal = next(
        d for d in cuadra.json("query", "SELECT id, amount FROM deals WHERE status = 'open' AND amount > 0 ORDER BY id")
    )
    httpx.post(f"{company.url}/sandbox/deals/{open_deal['id']}/win").raise_for_status()
    cuadra("sync")
    won = cuadra.json("query", f"SELECT status, won_on FROM deals WHERE id = '{open_deal['id']}'")
    assert won[0]["status"] == "won"
    assert open_deal["id"] not in {f["subject_id"] for f in cuadra.json("findings", "--check", "won_not_invoiced")}
    (cuadra.data / "settings.toml").open("a").write("\n[choices]\ngrace_days = 0\n")
    later = dt.date.fromisoformat(won[0]["won_on"]) + dt.timedelta(days=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", str(later))
        jobs.reconcile(cuadra.data)
    assert open_deal["id"] in {f["subject_id"] for f in cuadra.json("findings", "--check", "won_not_invoiced")}


@pytest.mark.capability("SYNC-10")
def test_the_log_tells_the_steps_of_a_run_with_counts(cuadra: Any) -> None:
    """Read, matched, checked: what came, what was rejected, which rules linked how many, what was found."""
    log = cuadra.data / "logs" / "cuadra.jsonl"
    cuadra("sync")
    events = [json.loads(line) for line in log.read_text().splitlines()]
    by_name = {e["event"]: e for e in events}
    assert {"read", "linked", "reconciled"} <= by_name.keys()
    read = [e for e in events if e["event"] == "read"]
    assert {e["vendor"] for e in read} == {"hubspot", "stripe"} and all("items" in e and "rejected" in e for e in read)
    assert sum(by_name["linked"]["rules"].values()) > 3_000
    assert by_name["reconciled"]["findings"]["open"] > 0
