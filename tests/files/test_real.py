"""Exports that nobody on this project wrote are read with column profiles only."""

import datetime as dt
from collections import Counter
from decimal import Decimal

from extract.files import propose, sniff
from extract.profiles import loaded, saved


def test_the_crm_export_gives_all_deals_and_what_was_won(shared, taken):
    """8,800 opportunities, 4,238 won worth 10,005,534; month-first dates; the currency comes from the profile."""
    path = shared("real/crm/sales_pipeline.csv")
    assert [q.key for q in propose(sniff(path))[1] if q.required] == ["currency"]
    deals = taken(path, currency="USD")["deals"]
    won = [d for d in deals if d["status"] == "won"]
    assert len(deals) == 8800 and len(won) == 4238
    assert sum(Decimal(d["amount"]) for d in won) == 10_005_534
    assert {d["currency"] for d in deals} == {"USD"}
    first = next(d for d in deals if d["id"] == "1C1I7A6R")
    assert first["won_on"] == dt.date(2017, 3, 1) and first["owner_id"] == "Moses Frase"
    assert all("won_on" not in d for d in deals if d["status"] != "won")
    assert sum("customer_name" not in d for d in deals) == 1425


def test_a_product_named_in_two_ways_is_one_by_the_profile(shared, taken, mapped, tmp_path):
    """The deals say GTXPro, the catalogue GTX Pro: a value map of the profile makes them one."""
    path = shared("real/crm/sales_pipeline.csv")
    profile, _ = propose(sniff(path), {"currency": "USD"})
    assert profile
    told = profile.model_dump()
    told["tables"][1]["values"] = {"product_id": {"GTXPro": "GTX Pro"}}
    profile = loaded(saved(type(profile).model_validate(told), tmp_path))
    lines = mapped(path, profile)["lines"]
    sold = {row["product_id"] for row in lines}
    catalogue = {row["id"] for row in taken(shared("real/crm/products.csv"), currency="USD")["products"]}
    assert sold == catalogue


def test_the_crm_accounts_products_and_agents_are_told_apart(shared, taken):
    """Each file of the CRM is recognised as its own table, and ids agree between them."""
    accounts = taken(shared("real/crm/accounts.csv"))["customers"]
    agents = taken(shared("real/crm/sales_teams.csv"))["owners"]
    assert len(accounts) == 85 and len(agents) == 35
    deals = taken(shared("real/crm/sales_pipeline.csv"), currency="USD")["deals"]
    assert {d["customer_id"] for d in deals if "customer_id" in d} <= {a["id"] for a in accounts}
    assert {d["owner_id"] for d in deals} <= {a["id"] for a in agents}


def test_the_xero_export_keeps_payables_and_void_documents_out_of_receivables(shared, taken):
    """601 documents, 117 receivable, of which the deleted one is void; payables are bills, never invoices."""
    found = taken(shared("real/xero/xero_invoice_data.csv"))
    assert not found.rejects
    invoices, bills = found["invoices"], found["bills"]
    assert len(invoices) == 117 and len(bills) == 484
    assert Counter(i["status"] for i in invoices) == {"paid": 103, "sent": 13, "void": 1}
    assert Counter(b["status"] for b in bills) == {"paid": 473, "void": 8, "issued": 3}
    one = next(i for i in invoices if i["number"] == "INV-0109")
    assert (one["gross"], one["currency"], one["issued_on"]) == ("2250", "GBP", dt.date(2021, 2, 28))
    assert one["fx_rate"] == "0.563704" and one["updated_at"].startswith("2021-02-28T19:17:09")


def test_the_xero_lines_and_contacts_point_at_the_invoices(shared, taken):
    """Lines and contacts of the same export carry the ids that the invoices use."""
    invoices = taken(shared("real/xero/xero_invoice_data.csv"))
    lines = taken(shared("real/xero/xero_invoice_line_item_data.csv"), currency="USD")["lines"]
    contacts = taken(shared("real/xero/xero_contact_data.csv"))["customers"]
    assert len(lines) == 649 and len(contacts) == 152
    documents = {d["id"] for t in ("invoices", "bills") for d in invoices[t]}
    assert {row["document_id"] for row in lines} <= documents
    assert {i["customer_id"] for i in invoices["invoices"]} <= {c["id"] for c in contacts}


def test_parquet_amounts_are_exact(shared, taken):
    """Binary floats of a Parquet file become their shortest decimal text."""
    rows = taken(shared("real/transactions/destination.parquet"), currency="GBP")["payments"]
    assert len(rows) == 45326 and rows[0]["amount"] == "36.36"
    assert not any(isinstance(r["amount"], float) for r in rows)
    assert len({r["id"] for r in rows}) == 45326


def test_the_benchmark_tables_are_understood_without_a_question(shared, taken):
    """Parquet files of deals, invoices and payments are told apart and mapped whole, amounts exact."""
    for name, expected in (("deals", 10_000), ("invoices", 12_698), ("payments", 14_669)):
        found = taken(shared(f"bench/10k/{name}.parquet"))
        assert len(found[name]) == expected and not found.rejects
    assert all(Decimal(p["amount"]) == round(Decimal(p["amount"]), 2) for p in found["payments"])
