"""Every endpoint's requests and answers against the vendors' published descriptions, refusals included."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from desk import HUBSPOT, STRIPE, won_deal
from specs import Spec, spec

from extract.sandbox.server import Running

V = "2026-03"
OBJECTS = f"/crm/objects/{V}"


class Checked(httpx.Client):
    """A client whose every exchange must be as described."""

    def __init__(self, description: Spec, **how: Any) -> None:
        super().__init__(**how)
        self.description, self.seen = description, set[tuple[str, str]]()

    def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        reply = super().send(request, **how)
        reply.read()
        request.read()
        found = self.description.operation(request)
        assert found, f"{request.method} {request.url.path} is not described"
        self.seen.add(found)
        if reply.status_code < 400 and "multipart" not in request.headers.get("content-type", ""):
            assert not self.description.request_errors(request), request.url
        errors = self.description.reply_errors(request, reply)
        assert not errors, f"{request.method} {request.url}: {errors[:5]}"
        return reply


@pytest.fixture
def crm(box: Running, shared: Path) -> Iterator[Checked]:
    """HubSpot, checked."""
    with Checked(spec(shared / "vendors/specs/hubspot.openapi.json"), base_url=box.url, headers=HUBSPOT) as client:
        yield client


@pytest.fixture
def billing(box: Running, shared: Path) -> Iterator[Checked]:
    """Stripe, checked."""
    with Checked(spec(shared / "vendors/specs/stripe.openapi.json"), base_url=box.url, headers=STRIPE) as client:
        yield client


def test_hubspot_reads_as_described(crm: Checked, box: Running) -> None:
    """Lists, one, search, batches, associations, owners, pipelines, properties, account."""
    deal_id = won_deal(box)
    for kind in ("deals", "companies", "contacts", "line_items", "products", "quotes", "tasks", "notes", "invoices"):
        names = [p["name"] for p in crm.get(f"/crm/properties/{V}/{kind}").json()["results"]]
        crm.get(f"{OBJECTS}/{kind}", params={"limit": 100, "properties": ",".join(names)}).raise_for_status()
        crm.post(f"{OBJECTS}/{kind}/search", json={"limit": 200, "properties": names[:5]}).raise_for_status()
    crm.get(f"{OBJECTS}/deals", params={"archived": "true", "associations": "companies,contacts,line_items,quotes"})
    crm.get(f"{OBJECTS}/deals/{deal_id}", params={"propertiesWithHistory": "dealstage", "associations": "line_items"})
    inputs = {"inputs": [{"id": deal_id}, {"id": "404"}]}
    assert crm.post(f"{OBJECTS}/deals/batch/read", json=inputs | {"properties": ["amount"]}).status_code == 207
    crm.post(f"/crm/associations/{V}/deals/line_items/batch/read", json=inputs).raise_for_status()
    crm.get(f"{OBJECTS}/deals/{deal_id}/associations/companies", params={"limit": 500}).raise_for_status()
    crm.get(f"/crm/associations/{V}/deals/companies/labels").raise_for_status()
    owner = crm.get(f"/crm/owners/{V}", params={"limit": 100, "archived": "false"}).json()["results"][0]
    crm.get(f"/crm/owners/{V}/{owner['id']}").raise_for_status()
    crm.get(f"/crm/pipelines/{V}/deals").raise_for_status()
    crm.get(f"/crm/properties/{V}/deals/nif").json()
    crm.get(f"/crm/properties/{V}/deals/groups").raise_for_status()
    account = crm.get(f"/account-info/{V}/details").json()
    assert (account["accountType"], account["timeZone"]) == ("DEVELOPER_TEST", "Europe/Madrid")


def test_hubspot_writes_as_described(crm: Checked, box: Running) -> None:
    """Records, batches, associations, properties, a file with its note, a token."""
    deal_id, company_id = won_deal(box), box.company.customers[0].id
    made = crm.post(f"{OBJECTS}/deals", json={"properties": {"dealname": "New"}, "associations": []}).json()["id"]
    crm.patch(
        f"{OBJECTS}/deals/{made}", json={"properties": {"amount": "12.50", "description": None}}
    ).raise_for_status()
    update = {"inputs": [{"id": made, "properties": {"amount": "13"}}, {"id": deal_id, "properties": {"x": "1"}}]}
    assert crm.post(f"{OBJECTS}/deals/batch/update", json=update).status_code == 207
    assert (
        crm.post(f"{OBJECTS}/deals/batch/create", json={"inputs": [{"properties": {"dealname": "b"}}]}).status_code
        == 201
    )
    key = {
        "name": "our_key",
        "label": "Key",
        "type": "string",
        "fieldType": "text",
        "groupName": "ours",
        "hasUniqueValue": True,
    }
    assert crm.post(f"/crm/properties/{V}/deals/groups", json={"name": "ours", "label": "Ours"}).status_code == 201
    assert [crm.post(f"/crm/properties/{V}/deals", json=key).status_code for _ in range(2)] == [201, 409]
    more = {"inputs": [key | {"name": "other_key"}]}
    assert crm.post(f"/crm/properties/{V}/deals/batch/create", json=more).status_code == 201
    upsert = {"inputs": [{"id": "K", "idProperty": "our_key", "properties": {"dealname": "Keyed"}}]}
    assert [crm.post(f"{OBJECTS}/deals/batch/upsert", json=upsert).json()["results"][0]["new"] for _ in range(2)] == [
        True,
        False,
    ]
    path = f"{OBJECTS}/deals/{made}/associations"
    crm.put(f"{path}/default/companies/{company_id}").raise_for_status()
    labels = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    crm.put(f"{path}/companies/{company_id}", json=labels).raise_for_status()
    assert crm.delete(f"{path}/companies/{company_id}").status_code == 204
    pair = {"from": {"id": made}, "to": {"id": company_id}, "types": labels}
    assert crm.post(f"/crm/associations/{V}/deals/companies/batch/create", json={"inputs": [pair]}).status_code == 201
    form = {"options": '{"access": "PRIVATE"}', "folderPath": "/invoices"}
    file = crm.post(
        f"/files/{V}/files", data=form, files={"file": ("FN-1.pdf", b"%PDF-1.4 \r\n\x00\xff", "application/pdf")}
    )
    link = crm.get(f"/files/{V}/files/{file.json()['id']}/signed-url").json()["url"]
    assert httpx.get(link).content == b"%PDF-1.4 \r\n\x00\xff"
    to_deal = [{"to": {"id": made}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 214}]}]
    note = {"hs_timestamp": "2026-11-20T10:00:00Z", "hs_note_body": "<p>x</p>", "hs_attachment_ids": file.json()["id"]}
    assert crm.post(f"{OBJECTS}/notes", json={"properties": note, "associations": to_deal}).status_code == 201
    grant = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh", "client_id": "a", "client_secret": "b"}
    token = crm.post(f"/oauth/{V}/token", data=grant).json()["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert crm.get(f"{OBJECTS}/deals", headers=bearer).status_code == 200
    httpx.post(f"{box.url}/sandbox/clock", json={"seconds": 1801})
    assert crm.get(f"{OBJECTS}/deals", headers=bearer).json()["category"] == "EXPIRED_AUTHENTICATION"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "category"),
    [
        ("GET", f"{OBJECTS}/deals/404", None, 404, "OBJECT_NOT_FOUND"),
        ("GET", f"{OBJECTS}/deals?limit=101", None, 400, "VALIDATION_ERROR"),
        ("POST", f"{OBJECTS}/deals/search", {"limit": 201}, 400, "VALIDATION_ERROR"),
        ("POST", f"{OBJECTS}/deals/search", {"limit": 200, "after": "9900"}, 400, "VALIDATION_ERROR"),
        ("POST", f"{OBJECTS}/tasks", {"properties": {"hs_task_subject": "no date"}}, 400, "VALIDATION_ERROR"),
        ("POST", f"{OBJECTS}/deals", b"{", 400, "VALIDATION_ERROR"),
    ],
)  # fmt: skip
def test_hubspot_refuses_as_described(
    crm: Checked, method: str, path: str, body: Any, status: int, category: str
) -> None:
    """The vendor's error body with its category."""
    reply = crm.request(method, path, content=body if isinstance(body, bytes) else json.dumps(body) if body else None)
    assert (reply.status_code, reply.json()["category"]) == (status, category)


def test_hubspot_names_the_right_that_a_token_lacks(crm: Checked, box: Running) -> None:
    """401 without a token of ours; 403 MISSING_SCOPES with the scope's name; reading and searching still work."""
    assert crm.get(f"{OBJECTS}/deals", headers={"authorization": "Bearer pat-eu1-strange"}).status_code == 401
    reader = {"authorization": "Bearer pat-eu1-readonly"}
    assert crm.post(f"{OBJECTS}/deals/search", json={"limit": 1}, headers=reader).status_code == 200
    refused = crm.patch(f"{OBJECTS}/companies/1", json={"properties": {}}, headers=reader)
    assert refused.status_code == 403
    assert refused.json()["category"] == "MISSING_SCOPES"
    assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.companies.write"]


def test_hubspot_limits_its_rates(crm: Checked, box: Running) -> None:
    """The eleventh call in ten seconds, the sixth search in a second: 429 names the policy; headers count down."""
    httpx.post(f"{box.url}/sandbox/settings", json={"hubspot_per_10s": 10, "hubspot_search_per_s": 5})
    left = [crm.get(f"{OBJECTS}/deals?limit=1").headers["x-hubspot-ratelimit-remaining"] for _ in range(10)]
    assert left == [str(n) for n in range(9, -1, -1)]
    assert crm.get(f"{OBJECTS}/deals?limit=1").json()["policyName"] == "TEN_SECONDLY_ROLLING"
    searches = [crm.post(f"{OBJECTS}/deals/search", json={"limit": 1}) for _ in range(6)]
    assert "x-hubspot-ratelimit-remaining" not in searches[0].headers
    assert searches[-1].json()["policyName"] == "SECONDLY"


def test_stripe_reads_as_described(billing: Checked, box: Running) -> None:
    """Lists of every kind, one of each, with what can be expanded."""
    for kind in ("customers", "products", "prices", "tax_rates", "quotes", "invoices", "invoiceitems",
                 "invoice_payments",
                 "payment_intents", "charges", "refunds", "credit_notes", "events"):  # fmt: skip
        rows = billing.get(f"/v1/{kind}", params={"limit": 100}).json()["data"]
        assert rows, kind
        for row in rows[:3]:
            billing.get(f"/v1/{kind}/{row['id']}").raise_for_status()
    every = "expand[]=data.payments&expand[]=data.customer&expand[]=data.payments.data.payment.payment_intent"
    billing.get(f"/v1/invoices?limit=100&{every}").raise_for_status()
    billing.get(
        "/v1/charges?limit=20&expand[]=data.balance_transaction&expand[]=data.payment_intent"
    ).raise_for_status()
    billing.get("/v1/customers?expand[]=data.tax_ids&created[gte]=1").raise_for_status()
    billing.get("/v1/events?types[]=invoice.sent&types[]=invoice.paid").raise_for_status()
    invoice = billing.get("/v1/invoices?limit=1&status=paid").json()["data"][0]
    billing.get(f"/v1/invoices/{invoice['id']}/lines").raise_for_status()
    note = billing.get("/v1/credit_notes").json()["data"][0]
    billing.get(f"/v1/credit_notes/{note['id']}/lines").raise_for_status()
    billing.get(f"/v1/customers/{invoice['customer']}/tax_ids").raise_for_status()
    quote = billing.get("/v1/quotes?status=accepted").json()["data"][0]
    billing.get(f"/v1/quotes/{quote['id']}/line_items").raise_for_status()
    for kind in ("customers", "invoices", "charges", "payment_intents", "products"):
        billing.get(f"/v1/{kind}/search", params={"query": "created>0", "limit": 100}).raise_for_status()


def test_stripe_writes_as_described(billing: Checked, box: Running) -> None:
    """An invoice's whole life, a customer's, the catalogue's, a credit note's."""
    who = {"name": "Ñ", "email": "a@b.example", "address[city]": "Lugo", "preferred_locales[]": "es",
           "metadata[crm_company_id]": "1",
           "tax_id_data[0][type]": "es_cif", "tax_id_data[0][value]": "B83591170"}  # fmt: skip
    customer = billing.post("/v1/customers", data=who, headers={"idempotency-key": "a"}).json()["id"]
    billing.post(f"/v1/customers/{customer}", data={"phone": "1", "metadata[x]": ""}).raise_for_status()
    tax_id = billing.post(f"/v1/customers/{customer}/tax_ids", data={"type": "eu_vat", "value": "ESB83591170"}).json()[
        "id"
    ]
    billing.get(f"/v1/customers/{customer}/tax_ids/{tax_id}").raise_for_status()
    billing.delete(f"/v1/customers/{customer}/tax_ids/{tax_id}").raise_for_status()
    product = billing.post("/v1/products", data={"name": "Hour"}).json()["id"]
    billing.post(f"/v1/products/{product}", data={"name": "Hours"}).raise_for_status()
    price = billing.post("/v1/prices", data={"product": product, "currency": "eur", "unit_amount": "7550"}).json()["id"]
    rate = billing.post("/v1/tax_rates", data={"display_name": "IVA", "percentage": "21", "inclusive": "false"}).json()[
        "id"
    ]

    def drafted() -> str:
        head = {"customer": customer, "collection_method": "send_invoice", "days_until_due": "30", "currency": "eur",
                "custom_fields[0][name]": "PO", "custom_fields[0][value]": "PO-1",
                "metadata[crm_deal_id]": "D"}  # fmt: skip
        invoice = str(billing.post("/v1/invoices", data=head).json()["id"])
        base = {"customer": customer, "invoice": invoice, "tax_rates[]": rate, "currency": "eur"}
        for line in ({"amount": "100"}, {"quantity": "2", "unit_amount_decimal": "7550"}, {"pricing[price]": price},
                     {"price_data[currency]": "eur", "price_data[product]": product,
                      "price_data[unit_amount]": "5"}):  # fmt: skip
            item = billing.post("/v1/invoiceitems", data=base | line | {"description": "x"}).json()["id"]
        billing.post(f"/v1/invoiceitems/{item}", data={"description": "y"}).raise_for_status()
        billing.delete(f"/v1/invoiceitems/{item}").raise_for_status()
        billing.post(f"/v1/invoices/{invoice}", data={"description": "Thanks"}).raise_for_status()
        return invoice

    first = drafted()
    items = {"customer": customer, "invoice_items[0][amount]": "100", "invoice_items[0][currency]": "eur"}
    assert billing.post("/v1/invoices/create_preview", data=items).json()["total"] == 100
    assert billing.post(f"/v1/invoices/{first}/finalize", data={"auto_advance": "false"}).json()["total"] == round(
        22750 * 1.21
    )
    billing.post(f"/v1/invoices/{first}/send").raise_for_status()
    billing.post(f"/v1/invoices/{first}/pay", data={"paid_out_of_band": "true"}).raise_for_status()
    second = drafted()
    billing.post(f"/v1/invoices/{second}/finalize").raise_for_status()
    note = billing.post("/v1/credit_notes", data={"invoice": second, "amount": "100", "reason": "duplicate"}).json()[
        "id"
    ]
    billing.post(f"/v1/credit_notes/{note}/void").raise_for_status()
    billing.post(f"/v1/invoices/{second}/mark_uncollectible").raise_for_status()
    billing.post(f"/v1/invoices/{second}/void").raise_for_status()
    third = drafted()
    billing.delete(f"/v1/invoices/{third}").raise_for_status()
    billing.delete(f"/v1/customers/{customer}").raise_for_status()
    billing.get("/v1/events?limit=100").raise_for_status()


def test_stripe_refuses_as_described(billing: Checked, box: Running) -> None:
    """401, 403, 404, 400 and 429 in the vendor's shape."""
    assert billing.get("/v1/invoices", headers={"authorization": ""}).status_code == 401
    assert billing.get("/v1/invoices/in_404").status_code == 404
    assert (
        billing.post("/v1/customers", data={"x": "1"}, headers={"authorization": "Bearer rk_test_readonly"}).status_code
        == 403
    )
    assert billing.get("/v1/invoices?limit=0").status_code == 400
    httpx.post(f"{box.url}/sandbox/settings", json={"stripe_per_s": 1})
    replies = [billing.get("/v1/products?limit=1") for _ in range(3)]
    assert replies[-1].status_code == 429
    assert replies[-1].headers["stripe-rate-limited-reason"] == "global-rate"
    assert replies[-1].headers["request-id"].startswith("req_")
