"""Each page on a company of three deals: it shows the number, says where it is from, and survives odd input."""

import json
from pathlib import Path

import duckdb
import pytest
from small_company import READ, ROWS, frame, keep, words

from dashboard.read import warehouse
from reconcile import run
from reconcile.state import Entry, state

PAGES = ("", "to-fix", "deals", "reconciliation", "quality", "connections", "import", "activity")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_before_anything_was_read(empty: Path, page, name: str) -> None:
    """Somebody who has nothing yet is told what to do, on every page."""
    text = words(page(name))
    assert "yet" in text or "Export" in text


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens(data: Path, page, name: str) -> None:
    """No page fails on the company, and none is empty."""
    assert page(name).title[0].value


def test_the_week_says_how_much_is_stuck_and_what_to_click(data: Path, page) -> None:
    """The headline names what is not invoiced; other currencies stand beside it, never added; a button leads on."""
    app = page()
    text = words(app)
    assert "€1,000" in text and "sold and not invoiced" in text
    assert "PLN 2,060" in text  # overdue in the other currency, less what was paid of it
    assert any(button.label == "Fix 8 findings" for button in app.button)
    assert {"Won", "Invoiced", "Collected", "Gap", "Overdue", "DSO"} == {metric.label for metric in app.metric}


def test_another_currency_can_be_chosen_by_address(data: Path, page) -> None:
    """The address carries the currency, so that a colleague sees the same."""
    overdue = next(m for m in page(currency="PLN").metric if m.label == "Overdue")
    assert overdue.value.replace("\N{NO-BREAK SPACE}", " ") == "PLN 2,060"


@pytest.mark.capability("ERR-3")
def test_a_source_that_stopped_is_said_first(empty: Path, page) -> None:
    """Wrong credentials stop a source: the home page says so, and since when its figures stand."""
    stopped = [r | {"error": "hubspot: the credential was refused"} if r["vendor"] == "hubspot" else r for r in READ]
    keep(empty, ROWS | {"freshness": stopped})
    run.reconcile(empty)
    error = page().error[0].value
    assert "HubSpot stopped" in error and "credential was refused" in error


def test_the_worklist_is_narrowed_by_address(data: Path, page) -> None:
    """Filters stand in the address; what is unknown there is ignored."""
    assert "**1 finding**" in words(page("to-fix", check="overdue"))
    assert "**8 findings**" in words(
        page("to-fix", check="no_such_check", severity="purple", sort="sideways", page="99")
    )


def test_the_worklist_is_searched_without_accents(data: Path, page) -> None:
    """ "lodz" finds Łódź."""
    found = set(frame(page("to-fix", q="lodz"))["customer"])
    assert found == {"Łódź Print Sp. z o.o."}


def test_an_amount_that_is_none_is_said_and_ignored(data: Path, page) -> None:
    """A slip in a filter is no error page."""
    app = page("to-fix", **{"from": "a lot"})
    assert "is not an amount" in app.warning[0].value
    assert "**8 findings**" in words(app)
    assert "**1 finding**" in words(page("to-fix", **{"from": "2000", "check": "overdue"}))


def finding(data: Path, check: str) -> str:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        return db.execute('SELECT id FROM findings WHERE "check" = ?', [check]).fetchall()[0][0]


@pytest.mark.capability("CHECK-1")
def test_one_finding_shows_both_values(data: Path, page) -> None:
    """A difference names the field and what each side says."""
    app = page("to-fix", finding=finding(data, "contact_differs"))
    text = words(app)
    assert "old@lodz.example" in text and "new@lodz.example" in text
    assert "CRM" in text and "Billing" in text


def test_names_are_shown_as_they_are(data: Path, page) -> None:
    """A customer called *Acme* [x] $5 is text, not markup."""
    text = words(page("to-fix", finding=finding(data, "won_not_invoiced")))
    assert r"Acme \*S.L.\* \[Sur\] \$5" in text


def test_a_finding_can_be_left_as_it_is(data: Path, page) -> None:
    """With a reason it goes, and who said so is in the log; without one it stays."""
    wanted = finding(data, "won_not_invoiced")
    app = page("to-fix", finding=wanted)
    button = next(b for b in app.button if b.label == "Leave it")
    button.click().run()
    assert "Say why" in app.warning[0].value
    next(t for t in app.text_input if t.label == "Why").set_value("agreed on the phone")
    next(b for b in app.button if b.label == "Leave it").click().run()
    assert "Left as it is" in app.success[0].value
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        told = db.execute("SELECT state, reason FROM findings WHERE id = ?", [wanted]).fetchall()
    assert told == [("agreed", "agreed on the phone")]
    assert state(data).entries()[0]["action"] == "decide"


@pytest.mark.capability("WB-3")
def test_a_deal_shows_every_linked_invoice(data: Path, page) -> None:
    """Number, amount, due date, state, what was paid of it and why it is linked: nobody has to open billing."""
    text = words(page("deals", deal="hubspot:2"))
    for said in (
        "Invoice FV-2026-101",
        "PLN 2,460.00",
        "due 3 Oct 2026",
        "Overdue",
        "PLN 400.00",
        "Billing stores the deal's id",
    ):
        assert said.replace("-", "\\-") in text or said in text, said
    assert "Quote" in text and "Accepted" in text


@pytest.mark.capability("INV-10")
def test_an_invoice_opens_by_clicking_its_number(data: Path, page) -> None:
    """Number, lines, totals, state and the link to billing, over the page."""
    app = page("deals", deal="hubspot:2")
    next(b for b in app.button if b.label == "Invoice FV-2026-101").click().run()
    text = words(app)
    assert r"Licence \| year" in text and "23 %" in text
    totals = {metric.label: metric.value.replace("\N{NO-BREAK SPACE}", " ") for metric in app.metric}
    assert totals["Without tax"] == "PLN 2,000.00"
    assert totals["Total"] == "PLN 2,460.00"
    assert totals["Still open"] == "PLN 2,060.00"
    assert any(link.url == "https://b.example/1" for link in app.link_button)


def test_a_deal_leads_to_its_customer_and_to_the_vendors_own_screens(data: Path, page) -> None:
    """The customer's page is a click away; so are deal and invoice where they were made."""
    app = page("deals", deal="hubspot:2")
    to_customer = [link for link in app.get("page_link") if link.proto.query_string == "customer=hubspot%3Ac1"]
    assert to_customer and "Łódź Print" in to_customer[0].proto.label
    assert {"https://crm.example/2", "https://b.example/1"} <= {link.url for link in app.link_button}


def test_search_finds_any_record_by_any_word_or_number(data: Path, page) -> None:
    """Deals, customers, invoices and payments, whatever the accents; a payment leads to the invoice that it paid."""
    leads = {link.proto.query_string for link in page("search", q="lodz").get("page_link")}
    assert {"deal=hubspot%3A2", "customer=hubspot%3Ac1", "customer=stripe%3Acus_1", "invoice=stripe%3Ain_1"} <= leads
    app = page("search", q="FV-2026-101")
    leads = [link.proto.query_string for link in app.get("page_link")]
    assert leads.count("invoice=stripe%3Ain_1") == 2, "the invoice itself, and the payment whose text names it"
    assert "400.00" in words(app) and "Nothing holds these words" in words(page("search", q="zebra"))
    assert "Nothing holds" not in words(page("search")), "nothing was asked yet"


def test_a_deal_that_is_gone_is_said(data: Path, page) -> None:
    """An old link is no error page."""
    assert "There is no such deal" in words(page("deals", deal="hubspot:404"))
    assert "There is no such invoice" in words(page("deals", invoice="stripe:404"))


@pytest.mark.capability("ERR-4")
def test_rejects_are_listed_with_the_reason_and_a_retry(empty: Path, page) -> None:
    """One bad record is named with field, value and reason; the rest was read; it can be tried again."""
    read = [r | {"rejected": "1"} if (r["vendor"], r["kind"]) == ("hubspot", "deals") else r for r in READ]
    bad = {"vendor": "hubspot", "kind": "deals", "id": "502", "field": "amount", "value": "12,50",
           "reason": 'amount "12,50" is not a number'}  # fmt: skip
    keep(empty, ROWS | {"freshness": read, "rejects": [bad]})
    run.reconcile(empty)
    (empty / "settings.toml").write_text('[connections.hubspot]\nvendor = "hubspot"\n')
    state(empty).keep_credentials("hubspot", {"HUBSPOT_TOKEN": "x"}, "test")
    app = page("connections")
    table = frame(app)
    assert table["Field"] == ["amount"] and table["Value"] == ["12,50"] and "not a number" in table["Why"][0]
    assert any(b.label == "Try these again" for b in app.button)


@pytest.mark.capability("CONN-2", "CONN-9")
def test_the_catalogue_says_how_far_each_system_goes(empty: Path, page) -> None:
    """State, sign-in, reads, writes, API version and evidence of each system."""
    table = frame(page("connections"))
    rows = dict(
        zip(table["System"], zip(table["State"], table["API version"], table["Reads"], strict=True), strict=True)
    )
    assert rows["HubSpot"][0] == "✓ Works" and rows["HubSpot"][1] and "Deals" in rows["HubSpot"][2]
    assert rows["Pipedrive"][0] == "◆ By file only"


def test_the_log_shows_before_after_and_answer(data: Path, page) -> None:
    """Who, when, what, where, outcome of each write; a field beginning with = stays text in the export."""
    state(data).record(
        Entry(who="=cmd()", action="update_deal", outcome="done", vendor="hubspot", subject="deals:hubspot:1",
              says="Update the deal.", before={"invoice_number": ""}, after={"invoice_number": "FV-1"})
    )  # fmt: skip
    app = page("activity")
    table = frame(app)
    assert table["what"] == ["Update the CRM"] and table["outcome"] == ["✓ Done"]
    assert "No such" not in words(page("activity", action="create_invoice"))
    assert "Nothing was written yet" in words(page("activity", action="create_invoice"))


def test_ten_thousand_findings_are_paged(empty: Path, page) -> None:
    """The page asks for fifty rows at a time, whatever there is."""
    deals = [ROWS["deals"][0] | {"id": str(n), "title": f"Deal {n}", "amount": str(1000 + n)} for n in range(10_000)]
    keep(empty, ROWS | {"deals": deals, "invoices": [], "payments": [], "quotes": []})
    run.reconcile(empty)
    app = page("to-fix", page="3", check="won_not_invoiced")
    assert "10,000 findings" in words(app)
    assert len(frame(app)["problem"]) == 50
    assert json.dumps(app.query_params).count("3")


def test_who_asks_while_another_still_reads_yesterdays_file_gets_todays(tmp_path: Path) -> None:
    """The warehouse is replaced whole; a reader that is not done yet must not lend its view to the next."""
    path = tmp_path / warehouse.FILE

    def replaced(by: int) -> None:
        with duckdb.connect(str(tmp_path / "new.duckdb")) as db:
            db.execute(f"CREATE OR REPLACE TABLE facts AS SELECT {by} AS fact")
        (tmp_path / "new.duckdb").replace(path)

    @warehouse.question
    def fact(db: warehouse.Db) -> int:
        return db.one("SELECT fact FROM facts")

    replaced(1)
    with duckdb.connect(str(path), read_only=True):
        assert fact(tmp_path) == 1
        replaced(2)
        assert fact(tmp_path) == 2
