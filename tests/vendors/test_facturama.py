"""A company in Mexico: HubSpot and Facturama, from the fields that find a customer to a document stamped once."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from company import PAUSES, Shop
from facturama_server import PASSWORD, USER, Server
from lean import mending_only
from selling import CRM, quote
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from extract.sandbox.server import serve
from reconcile import access, approvals, four_eyes, guided, settings, workflows
from reconcile.access import Person
from reconcile.action import Plan, Subject
from reconcile.settings import Approval, Company, Connection, Invoicing, Settings
from reconcile.state import state

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
RFC = "taxpayer_identification_number"
KNOWN, NEW = "URE180429TM6", "EKU9003173C9"  # the tax office's own for tests
LINES = ({"name": "Consultoría", "quantity": "10", "price": "100.5", "hs_sku": "CONS", "hs_tax_rate": "16"},)
OLD = {  # an invoice that somebody made there before
    "CfdiType": "I", "PaymentForm": "03", "PaymentMethod": "PUE", "ExpeditionPlace": "78000", "Currency": "MXN",
    "Date": "2026-09-01T12:00:00",
    "Receiver": {"Rfc": KNOWN, "Name": "UNIVERSIDAD ROBOTICA ESPAÑOLA", "CfdiUse": "G03", "FiscalRegime": "601",
                 "TaxZipCode": "86991"},
    "Items": [{"ProductCode": "80101500", "UnitCode": "HUR", "Description": "Hora", "Quantity": 1, "UnitPrice": 100,
               "Subtotal": 100, "TaxObject": "02", "Total": 116,
               "Taxes": [{"Name": "IVA", "Base": 100, "Rate": 0.16, "Total": 16, "IsRetention": False}]}],
}  # fmt: skip


class House:
    """The data folder, the CRM and Facturama."""

    def __init__(self, data: Path, url: str, server: Server) -> None:
        self.shop, self.books, self.server = Shop(data, url), server.books, server
        self.deals = {rfc: self.sell(rfc) for rfc in (KNOWN, NEW)}
        self.quote = quote(self.shop, self.deals[KNOWN], lines=LINES, hs_currency="MXN")

    def sell(self, rfc: str, **company: str) -> str:
        """Make a won deal of a company with this tax id; return its id."""
        body = {
            "company": {"name": f"Cliente {rfc} SA de CV", RFC: rfc, "address": "Calle 1", "city": "Centro",
                        "state": "Tabasco", "zip": "86991", "country": "Mexico"} | company,
            "contact": {"email": f"pagos@{rfc.lower()}.example", "firstname": "Ana", "lastname": "Ruiz"},
            "deal": {"dealname": f"Proyecto {rfc}", "amount": "1005", "deal_currency_code": "MXN",
                     "dealstage": "closedwon"},
            "lines": list(LINES),
        }  # fmt: skip
        return str(self.shop.post("deals", body)["deal_id"])

    def offered(self, deal: str, action: str = "create_invoice", **given: str) -> list[Plan]:
        """Return what would be written for a deal."""
        return workflows.offer(self.shop.data, action, Subject(table="deals", vendor="hubspot", id=deal), given)

    def company(self, rfc: str) -> dict[str, str]:
        """Return what the CRM keeps of a company."""
        body = {"filterGroups": [{"filters": [{"propertyName": RFC, "operator": "EQ", "value": rfc}]}],
                "properties": [RFC, "in_facturama"]}  # fmt: skip
        reply = httpx.post(f"{self.shop.url}/crm/objects/2026-03/companies/search", json=body, headers=CRM, timeout=30)
        found: dict[str, str] = reply.json()["results"][0]["properties"]
        return found


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Both systems, read and reconciled once. Nobody chose any property: the pair comes with the connection."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        mending_only(patch)
        crm, server = serve(port=0, deals=300), Server()
        data = tmp_path_factory.mktemp("mexico") / "data"
        data.mkdir()
        there = {"vendor": "facturama", "base_url": server.url, "requests_per_second": "1000", "credit_form": "03"}
        made = Settings(
            company=Company(name="Escuela", country="MX", time_zone="America/Mexico_City", reporting_currency="MXN"),
            connections={"hubspot": guided.connected(crm.url)["hubspot"],
                         "facturama": Connection.model_validate(there)},
            writes={"facturama": True}, invoicing=Invoicing(send=True),
        )  # fmt: skip
        settings.save(made, data)
        state(data).keep_credentials("hubspot", guided.TOKENS["hubspot"], "test")
        state(data).keep_credentials("facturama", {"FACTURAMA_USER": USER, "FACTURAMA_PASSWORD": PASSWORD}, "test")
        property_ = {
            "name": RFC,
            "label": "RFC",
            "type": "string",
            "fieldType": "text",
            "groupName": "companyinformation",
        }
        path = f"{crm.url}/crm/properties/2026-03/companies"
        assert httpx.post(path, json=property_, headers=CRM, timeout=30).is_success
        server.books.client(KNOWN, "Universidad Robotica Española", Email="api@ejemplo.mx", TaxZipCode="86991",
                            Address={"Street": "Calle 1", "Municipality": "Centro", "State": "Tabasco",
                                     "ZipCode": "86991", "Country": "Mexico"})  # fmt: skip
        server.books.product("CONS", "Consultoría", 100.0)
        server.books.stamp(OLD)
        house = House(data, crm.url, server)
        guided.look_again(data)
        yield house
        workflows.shutdown()
        crm.stop()
        server.stop()


@pytest.fixture
def house(begun: House) -> Iterator[House]:
    """The company; what one test stamps is a deal of its own, and no other test looks at it."""
    workflows.launch(begun.shop.data, PAUSES)
    yield begun
    workflows.shutdown()


def opened(house: House, page: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("CUADRA_DATA", str(house.shop.data))
    app = AppTest.from_file(str(FRAME), default_timeout=120)
    app._page_hash = calc_hash(page)
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.capability("LINK-4")
def test_the_pair_of_tax_id_fields_is_preset(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside Facturama the CRM's tax id is `taxpayer_identification_number` and pairs with `Rfc`; a choice wins."""
    app = opened(house, "fields", monkeypatch)
    told = "\n".join(m.value for m in app.markdown)
    assert f"HubSpot `{RFC}` **→** Facturama `Rfc`" in told and not app.error
    assert app.text_input(key="place-tax_id_property").value == RFC
    assert not settings.load(house.shop.data).connections["hubspot"].options.get("tax_id_property")
    told_by = house.shop.rows("SELECT tax_id FROM customers WHERE vendor = 'hubspot' AND tax_id IN (?, ?) ORDER BY 1",
                              KNOWN, NEW)  # fmt: skip
    assert told_by == [(NEW,), (KNOWN,)]  # read from there
    ((rule, client),) = house.shop.rows("""SELECT l.rule, l.right_id FROM links AS l JOIN customers AS c
        ON c.vendor = l.left_vendor AND c.id = l.left_id WHERE l.right_table = 'customers' AND c.tax_id = ?
        AND l.status = 'automatic'""", KNOWN)  # fmt: skip
    assert (rule, client) == ("tax_id", "cl1")  # and used

    app.text_input(key="place-tax_id_property").set_value("nif")
    next(b for b in app.button if b.key and b.key.endswith("save-places-customers")).click()
    app.run()
    assert "HubSpot `nif` **→** Facturama `Rfc`" in "\n".join(m.value for m in app.markdown)
    app.text_input(key="place-tax_id_property").set_value(RFC)
    next(b for b in app.button if b.key and b.key.endswith("save-places-customers")).click()
    app.run()


def test_a_deal_is_stamped_once_though_the_answer_is_lost(house: House) -> None:
    """Client, document, mail and both systems' notes: one of each, however often it is tried; no draft in between."""
    plans = house.offered(house.deals[NEW])
    actions = [plan.action for plan in plans]
    assert actions == ["create_customer", "update_customer", "create_invoice", "send_invoice", "update_deal"]
    client, create = plans[0], plans[2]
    shown = {c.field: c.after for c in (*client.preview, *create.preview)}
    assert (shown["fiscal_regime"], shown["cfdi_use"]) == ("601", "G03") and "other_id" not in shown
    assert (shown["payment_method"], shown["payment_form"], shown["payment_conditions"]) == ("PPD", "99", "30 días")
    assert str(create.says).startswith("Create and issue the invoice of 1165.80 MXN") and not create.needs
    assert access.to_write(create.does) == ("write", "approve")  # whoever may only write drafts may not
    house.books.lose = 1
    assert set(house.shop.mend(plans)) <= {"done", "found", "nothing"}
    assert set(house.shop.mend(plans)) <= {"found", "nothing"}
    (row,) = [d for d in house.books.documents if d["Rfc"] == NEW]
    assert row["Total"] == 1165.8 and row["OrderNumber"] == shown["order_number"]
    assert str(shown["order_number"]).startswith(f"{house.deals[NEW]}-")
    assert house.books.mails == [(row["Id"], f"pagos@{NEW.lower()}.example")]
    body = house.books.stamped[-1]
    assert body["Receiver"]["Name"] == f"CLIENTE {NEW}" and body["Receiver"]["FiscalRegime"] == "601"
    assert (body["Items"][0]["ProductCode"], body["Items"][0]["UnitCode"]) == ("80101500", "HUR")
    (client,) = [c for c in house.books.clients if c["Rfc"] == NEW]
    assert house.company(NEW)["in_facturama"] == client["Id"]
    guided.look_again(house.shop.data)
    ((number, status, gross),) = house.shop.rows("SELECT number, status, gross FROM invoices WHERE deal_id = ?",
                                                 house.deals[NEW])  # fmt: skip
    assert (number, status, gross) == (f"F-{row['Folio']}", "sent", Decimal("1165.8"))
    told = house.shop.rows("SELECT s.verdict, d.invoice_number FROM deal_summary AS s "
                           "JOIN deals AS d USING (vendor, id) WHERE id = ?", house.deals[NEW])  # fmt: skip
    assert told == [("agrees", number)]


def test_what_facturama_cannot_do_is_said_in_the_preview(house: House) -> None:
    """No drafts, nothing below zero, a line without a code, a mail of ours: before anything is written."""
    calls = len(house.books.stamped), len(house.books.clients)
    data, deal = house.shop.data, house.deals[KNOWN]
    house.shop.set(invoicing=Invoicing())
    create = house.offered(deal)[-2]
    assert [c.code for c in create.cautions] == ["no_drafts"] and create.action == "create_invoice"
    house.shop.set(invoicing=Invoicing(send=True, send_by="mail"))
    mail = next(p for p in house.offered(deal) if p.action == "mail_invoice")
    assert any("cannot be told that we mailed" in str(need.says) for need in mail.needs)
    house.shop.set(invoicing=Invoicing(send=True))

    by_hand = workflows.offer(data, "create_proforma", Subject(table="quotes", vendor="hubspot", id=house.quote))
    assert "Facturama has no drafts, and so no pro-forma" in str([str(n.says) for p in by_hand for n in p.needs])
    less = house.offered(deal, discount="10")
    (line,) = next(p for p in less if p.action == "create_invoice").draft.lines  # type: ignore[union-attr]
    assert line.discount_rate == 10 and not [n for p in less for n in p.needs]
    lines = [{"name": "Manual", "quantity": "1", "price": "50", "hs_tax_rate": "16"}]
    alone = house.shop.post("deals", {"company": {"name": "Otro", RFC: "IAÑL750210963", "address": "C 1", "city": "M",
                            "zip": "64000", "country": "Mexico"}, "contact": {"email": "a@otro.example"},
                            "deal": {"dealname": "Sin clave", "amount": "50", "deal_currency_code": "MXN",
                                     "dealstage": "closedwon"}, "lines": lines})["deal_id"]  # fmt: skip
    guided.look_again(data)
    needs = [str(n.says) for p in house.offered(str(alone)) for n in p.needs]
    assert needs == ["Not in Facturama's catalogue with a code of the tax office: Manual. Add it there, or choose a "
                     "code for such lines in the options of the connection."]  # fmt: skip
    with pytest.raises(ValueError, match="account"):
        house.shop.mend(house.offered(str(alone)))
    assert (len(house.books.stamped), len(house.books.clients)) == calls


def test_above_the_limit_somebody_else_agrees_before_it_is_stamped(house: House) -> None:
    """Four eyes: there is no draft to look at, so what would be made waits; agreed to, it is made once."""
    house.shop.set(approval=Approval(above={"MXN": Decimal(1000)}))
    plans = house.offered(house.deals[KNOWN])
    before = len(house.books.stamped)
    assert house.shop.mend(plans)[-1] == "waiting" and len(house.books.stamped) == before
    (row,) = approvals.waiting(house.shop.store)
    assert not approvals.is_draft(row) and row["amount"] == Decimal("1165.80") and row["currency"] == "MXN"
    with pytest.raises(approvals.NotYours):
        four_eyes.approve(house.shop.data, row["vendor"], row["invoice_id"], row["content"], "ana")
    with access.acting_as(Person("luis", "approver")):
        run = four_eyes.approve(house.shop.data, row["vendor"], row["invoice_id"], row["content"], "luis")
    workflows.wait(house.shop.data, [run], 60)
    assert workflows.status(house.shop.data, run).state == "done" and len(house.books.stamped) == before + 1
    assert set(house.shop.mend(plans)) <= {"found", "nothing"} and len(house.books.stamped) == before + 1
    with access.acting_as(Person("eva", "operator")), pytest.raises(access.Forbidden):
        workflows.confirm(house.shop.data, plans, "eva")
