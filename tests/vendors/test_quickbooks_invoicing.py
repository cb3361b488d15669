"""HubSpot as CRM and QuickBooks as the books: what stands in the way is told before anything is sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from company import PAUSES, Shop
from lean import mending_only
from quickbooks_server import LOGIN, QuickBooksServer
from selling import OURS, sell
from small_company import words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from typer.testing import CliRunner

from dashboard.cli import app as command
from extract.sandbox.server import serve
from reconcile import guided, settings, workflows
from reconcile.automations.switch import switch
from reconcile.automations.turn import turn
from reconcile.settings import Automation, Company, Connection, Invoicing, Settings
from reconcile.state import state

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"


class House(Shop):
    """The data folder, the CRM, and the company at QuickBooks."""

    def __init__(self, data: Path, url: str, server: QuickBooksServer) -> None:
        super().__init__(data, url)
        self.books, self.deals = server.books, list[str]()

    def numbers(self, custom: bool) -> None:
        """Switch “Custom transaction numbers” on or off there."""
        self.books.preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = custom

    def preview(self, finding: str) -> AppTest:
        """Return the page with the preview of what would mend a finding."""
        app = AppTest.from_file(str(FRAME), default_timeout=120)
        app.query_params["finding"] = finding
        app._page_hash = calc_hash("to-fix")
        app.run()
        app.button(key="preview-one").click().run()
        assert not app.exception, app.exception
        return app


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Both systems, read and reconciled once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        mending_only(patch)
        crm, server = serve(port=0, deals=300), QuickBooksServer()
        data = tmp_path_factory.mktemp("quickbooks") / "data"
        data.mkdir()
        there = {"vendor": "quickbooks", "base_url": server.url, "default_item": "Services"}
        chosen = Settings(
            company=Company(name="Cuadra Test SL", country="ES"),
            connections={"hubspot": guided.connected(crm.url)["hubspot"], "quickbooks": Connection(**there)},
            writes={"quickbooks": True}, invoicing=Invoicing(issue=True),
        )  # fmt: skip
        settings.save(chosen, data)
        state(data).keep_credentials("hubspot", guided.TOKENS["hubspot"], "test")
        state(data).keep_credentials("quickbooks", LOGIN, "test")
        made = House(data, crm.url, server)
        made.deals = [sell(made, number, won=10) for number in (1, 2)]
        made.look_again()
        yield made
        workflows.shutdown()
        crm.stop()
        server.stop()


@pytest.mark.capability("ERR-2")
def test_custom_transaction_numbers_are_told_before_anything_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On: page, command, a plan confirmed before and a flow write nothing, and say where it is switched off.

    Off again: the same fix makes the invoice, once, with QuickBooks' own number, which the deal then carries.
    """
    monkeypatch.setenv("CUADRA_DATA", str(house.data))
    wanted, other = (house.finding("won_not_invoiced", f"d.id = '{id}'") for id in house.deals)
    confirmed = house.plans(wanted)  # previewed while nothing stood in the way
    shown = [(change.field, change.after) for plan in confirmed for change in plan.preview]
    assert ("product", "Services") in shown, "what stands on lines without a product of their own"
    house.numbers(custom=True)

    said = words(house.preview(wanted))
    assert "Custom transaction numbers” is switched on" in said and "QuickBooks Online" in said
    assert "Account and settings → Sales → Sales form content" in said
    assert "Confirm and write" not in said and "What is missing" not in said, "there is nothing to type in"
    done = CliRunner().invoke(command, ["--data", str(house.data), "fix", wanted, "--yes"])
    assert done.exit_code == 2 and "nothing was sent" in done.output
    assert "Custom transaction numbers" in " ".join(done.output.split())
    assert house.mend(confirmed)[0] == "refused"
    (run,) = workflows.runs(house.data, 1)
    assert "Sales form content" in run.outcomes[0].error and "nothing was sent" in run.outcomes[0].error
    switch(house.data, "deal_to_invoice", Automation(mode="automatic", owners=(OURS,)), "ana", "tried in the demo")
    held = turn(house.data, pauses=PAUSES)
    assert held.runs == () and any("Custom transaction numbers" in str(one.held) for one in held.held)
    switch(house.data, "deal_to_invoice", Automation(), "ana", "enough")
    assert house.books.writes() == [] and house.writes() == [], "not even the customer, and nothing in the CRM"

    house.numbers(custom=False)
    assert "Confirm and write" in words(house.preview(wanted))
    plans = house.plans(wanted)
    assert set(house.mend(plans)) == {"done"}
    assert set(house.mend(plans)) == {"found", "nothing"}, "pressed twice"
    (made,) = house.books.of("Invoice")
    assert made["DocNumber"] == "1001" and len(house.books.of("Customer")) == 1
    draft = next(p.draft for p in plans if p.action == "create_invoice")
    assert f"crm_deal_id: {draft.deal_id}" in made["PrivateNote"]
    house.look_again()
    assert house.rows("SELECT invoice_number FROM deals WHERE id = ?", draft.deal_id) == [("1001",)]
    assert not house.rows("SELECT id FROM findings WHERE id = ? AND state = 'open'", wanted)
    assert house.rows("SELECT id FROM findings WHERE id = ? AND state = 'open'", other) == [(other,)]


def test_from_won_to_mailed_and_paid(house: House) -> None:
    """Sending switched on, one click makes, mails and tells; what QuickBooks hears of the money closes the deal."""
    chosen = settings.load(house.data).invoicing
    house.set(invoicing=chosen.model_copy(update={"send": True}))
    deal = house.deals[1]
    plans = house.plans(house.finding("won_not_invoiced", f"d.id = '{deal}'"))
    assert [p.action for p in plans if p.vendor == "quickbooks"] == [
        "create_customer",
        "create_invoice",
        "send_invoice",
    ]
    assert set(house.mend(plans)) == {"done"} and set(house.mend(plans)) <= {"found", "nothing"}
    made = house.books.of("Invoice")[-1]
    assert house.books.mails == [(made["Id"], "pagos2@cliente.example")]
    gross = made["TotalAmt"]
    link = {"Amount": gross, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]}
    paid = {"CustomerRef": made["CustomerRef"], "TotalAmt": gross, "TxnDate": "2026-11-19", "Line": [link]}
    house.books.write("payment", paid, "")
    house.look_again()
    (row,) = house.rows("SELECT state, paid_on::VARCHAR FROM invoice_summary WHERE vendor = 'quickbooks' AND id = ?",
                        made["Id"])  # fmt: skip
    assert row == ("paid", "2026-11-19")
    (row,) = house.rows("SELECT invoices, is_paid FROM deal_summary WHERE id = ?", deal)
    assert row == (1, True)
