"""Deals and quotes as salespeople make them in the invented company, each of a customer of its own."""

import datetime as dt
from typing import Any

import httpx
from company import Shop
from stdnum.es import cif

OURS = "77777"  # a salesperson of whom only these deals are
CRM = {"Authorization": "Bearer pat-eu1-sandbox"}
BILLING = {"Authorization": "Bearer sk_test_sandbox"}
LINES = ({"name": "Design", "quantity": "2", "price": "600", "hs_tax_rate": "21"},)


def day(ago: int) -> str:
    """Return a day in the past, as HubSpot writes one."""
    return f"{dt.date.today() - dt.timedelta(days=ago)}T10:00:00Z"


def sell(shop: Shop, number: int, stage: str = "qualifiedtobuy", won: int | None = None, lines: Any = LINES,
         pipeline: str = "default", **deal: str) -> str:  # fmt: skip
    """Make a deal of a company that billing does not know; return its id. `won`: days ago."""
    if won is not None:
        stage = "closedwon"
        deal |= {"closedate": day(won), "hs_v2_date_entered_closedwon": day(won)}
    body = {
        "company": {"name": f"Cliente {number} SL", "nif": nif(number), "address": "Calle Nueva 1", "city": "Madrid",
                    "zip": "28001", "country": "Spain"},
        "contact": {"email": f"pagos{number}@cliente.example", "firstname": "Ana", "lastname": "Ruiz"},
        "deal": {"dealname": f"Project {number}", "amount": "1200", "pipeline": pipeline, "dealstage": stage,
                 "hubspot_owner_id": OURS} | deal,
        "lines": list(lines),
    }  # fmt: skip
    return str(shop.post("deals", body)["deal_id"])


def nif(number: int) -> str:
    """Return a valid Spanish tax id."""
    return f"B{3500000 + number}" + cif.calc_check_digits(f"B{3500000 + number}")[0]


def quote(shop: Shop, deal: str | None, status: str = "ACCEPTED", lines: Any = LINES, company: str = "",
          **more: str) -> str:  # fmt: skip
    """Make a quote with its lines in the CRM; return its id."""
    to = [(deal, 64)] if deal else [(company, 71)]
    total = sum(float(line["price"]) * float(line["quantity"]) for line in lines)
    said = {"hs_title": "Offer", "hs_expiration_date": "2099-12-31", "hs_status": status, "hs_currency": "EUR",
            "hs_quote_amount": f"{total:.2f}", **more}  # fmt: skip
    id = create(shop, "quotes", said, to)
    for line in lines:
        create(shop, "line_items", line, [(id, 68)])
    return id


def create(shop: Shop, kind: str, properties: dict[str, str], to: list[tuple[str, int]]) -> str:
    """Make a record of the CRM with associations; return its id."""
    links = [{"to": {"id": id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}]}
             for id, type_ in to]  # fmt: skip
    reply = httpx.post(f"{shop.url}/crm/objects/2026-03/{kind}", headers=CRM, timeout=30,
                       json={"properties": properties, "associations": links})  # fmt: skip
    assert reply.is_success, reply.text
    return str(reply.json()["id"])


def pay(shop: Shop, invoice: str) -> None:
    """Let an invoice be paid elsewhere, as billing is told."""
    reply = httpx.post(f"{shop.url}/v1/invoices/{invoice}/pay", data={"paid_out_of_band": "true"}, headers=BILLING,
                       timeout=30)  # fmt: skip
    assert reply.is_success, reply.text


def invoices(shop: Shop, deal: str) -> list[dict[str, Any]]:
    """Return the invoices of a deal as billing has them, oldest first."""
    found, after = [], ""
    while True:
        query = {"limit": "100"} | ({"starting_after": after} if after else {})
        page = httpx.get(f"{shop.url}/v1/invoices", params=query, headers=BILLING, timeout=30).json()
        found += [i for i in page["data"] if i["metadata"].get("crm_deal_id") == deal]
        if not page["has_more"]:
            return found[::-1]
        after = page["data"][-1]["id"]
