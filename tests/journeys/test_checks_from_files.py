"""What the checks find, told by the command line: tables of a CRM, a billing system and a bank in, findings out."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from dashboard import cli
from reconcile import run

TABLES = {
    "customers": """vendor,id,name,kind,tax_id,tax_id_country,street,city,postcode,country,email,payment_terms_days
crm,k1,Ferretería Sol SL,company,B12345674,ES,Calle Mayor 1,Madrid,28001,ES,sol@sol.example,30
billing,c1,Ferretería Sol SL,company,B12345674,ES,Calle Mayor 1,Madrid,28001,ES,sol@sol.example,30
billing,c2,Luna Clara SA,company,,,Calle Nueva 2,Madrid,28002,ES,luna@luna.example,30
""",
    "owners": """vendor,id,name
crm,o1,Eva
""",
    "products": """vendor,id,sku,name,unit_price,currency
billing,p1,WEB-1,Website,1000,EUR
""",
    "deals": """vendor,id,title,customer_id,owner_id,status,amount,amount_is,currency,won_on
crm,d1,Web Sol,k1,o1,won,1000,net,EUR,2026-10-01
crm,d2,App Sol,k1,o1,won,5000,net,EUR,2026-11-02
""",
    "invoices": """vendor,id,number,customer_id,deal_id,status,issued_on,due_on,currency,net,tax,gross,paid,created_at
billing,i1,F-7,c1,d1,paid,2026-10-05,2026-11-04,EUR,1000,210,1210,1210,2026-10-05 09:00
billing,i2,F-8,c2,,paid,2026-10-06,2026-11-05,EUR,100,21,121,121,2026-10-06 09:00
billing,i3,F-10,c1,,sent,2026-11-10,2026-12-10,EUR,300,63,363,0,2026-11-10 09:00
billing,i4,F-10,c1,,sent,2026-11-11,2026-12-11,EUR,400,84,484,0,2026-11-11 09:00
billing,i5,,c1,,draft,,,EUR,50,10.5,60.5,0,2026-11-02 09:00
""",
    "lines": """vendor,id,document,document_id,position,sku,description,quantity,unit_price,tax_rate,net
crm,l1,deal,d1,1,WEB-1,Website,1,1000,21,1000
crm,l2,deal,d2,1,APP-9,App,1,5000,21,5000
billing,l3,invoice,i1,1,WEB-1,Website,1,1000,21,1000
billing,l4,invoice,i2,1,,Work,1,100,21,100
billing,l5,invoice,i3,1,,Work,1,300,18,300
billing,l6,invoice,i4,1,,Work,1,400,21,400
""",
    "payments": """vendor,id,paid_on,amount,currency,method,reference,invoice_id,status
billing,r1,2026-10-20,1210,EUR,recorded,,i1,booked
billing,r2,2026-10-21,121,EUR,recorded,,i2,booked
bank,b1,2026-09-15,15,EUR,transfer,SALDO,,booked
bank,b2,2026-10-20,1210,EUR,transfer,FACTURA F-7,,booked
bank,b3,2026-11-19,-20,EUR,other,COMISION,,booked
""",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which all tables were imported, looked at on 21 November 2026."""
    here = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", "2026-11-21")
        for table, text in TABLES.items():
            (here / f"{table}.csv").write_text(text, "utf-8")
            done = asked(here / "data", "import", str(here / f"{table}.csv"), "--as", table, "--json")
            assert json.loads(done)[0]["rejected"] == 0, done
    return here / "data"


def asked(data: Path, *words: str) -> str:
    done = CliRunner().invoke(cli.app, ["--data", str(data), *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def found(data: Path, check: str) -> dict[str, dict[str, Any]]:
    """The open findings of a check, by the id of their record."""
    return {f["subject_id"]: f for f in json.loads(asked(data, "findings", "--check", check, "--json"))}


def said(finding: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """The evidence of a finding, by code: both values."""
    return {e["code"]: (e["left"], e["right"]) for e in json.loads(finding["evidence"])}


@pytest.mark.capability("INV-12")
def test_a_gap_and_a_repeat_in_the_numbers_are_told(data: Path) -> None:
    """F-9 is missing between F-8 and F-10; F-10 was given twice, the second is in question."""
    (gap,) = found(data, "number_missing").values()
    assert said(gap)["numbers_missing"] == ("F-9", "F-9")
    repeat = found(data, "number_repeated")
    assert set(repeat) == {"i4"} and repeat["i4"]["amount_at_stake"] == "484.0000"


@pytest.mark.capability("REM-4")
def test_a_payment_that_never_reached_the_bank_is_listed(data: Path) -> None:
    """Two were recorded in billing a month ago; one is on the statement, the other is not."""
    missing = found(data, "deposit_not_banked")
    assert set(missing) == {"r2"}
    assert (missing["r2"]["amount_at_stake"], missing["r2"]["currency"]) == ("121.0000", "EUR")
    assert missing["r2"]["since_on"] == "2026-10-21"


@pytest.mark.capability("REM-5")
def test_a_draft_that_waits_is_listed_with_its_age_and_its_fix(data: Path) -> None:
    """Made on the 2nd, still a draft on the 21st: one finding, since the 2nd, to be issued."""
    waiting = found(data, "invoice_not_sent")
    assert waiting["i5"]["since_on"] == "2026-11-02" and waiting["i5"]["action"] == "issue_invoice"
    assert waiting["i5"]["amount_at_stake"] == "60.5000"


@pytest.mark.capability("PROD-3")
def test_a_line_that_billing_has_no_product_for_is_listed_before_it_is_invoiced(data: Path) -> None:
    """APP-9 of the deal that is to be invoiced; WEB-1 is known, and its deal is invoiced already."""
    unknown = found(data, "product_unknown")
    assert set(unknown) == {"d2"} and unknown["d2"]["part"] == "l2"
    assert said(unknown["d2"])["sku"] == ("APP-9", None)
    why = json.loads(asked(data, "query", "SELECT why FROM checks WHERE name = 'product_unknown'", "--json"))[0]["why"]
    assert "pick the product in the CRM, or create it in billing" in why


@pytest.mark.capability("COMPL-2")
def test_an_invoice_that_lacks_what_the_law_asks_for_names_what(data: Path) -> None:
    """A Spanish customer's tax id that nobody knows; our own, where neither an invoice nor the settings say it."""
    incomplete = found(data, "invoice_incomplete")
    assert {id: set(said(f)) for id, f in incomplete.items()} == {"i2": {"tax_id_missing"}}
    (data / "settings.toml").write_text('[company]\nname = "Nosotros SL"\naddress = "Calle 3, 28001 Madrid"\n', "utf-8")
    asked(data, "reconcile")
    ours = {id: set(said(f)) for id, f in found(data, "invoice_incomplete").items()}
    assert ours == {"i2": {"tax_id_missing"}, "i4": {"seller_tax_id_missing"}}  # the latest, for all
    (data / "settings.toml").write_text('[company]\nname = "Nosotros SL"\ntax_id = "B85674216"\n'
                                        'address = "Calle 3, 28001 Madrid"\n', "utf-8")  # fmt: skip
    asked(data, "reconcile")
    assert set(found(data, "invoice_incomplete")) == {"i2"}


@pytest.mark.capability("CHECK-1")
def test_an_unlikely_tax_rate_is_told_with_the_tax_in_question(data: Path) -> None:
    """18 % is no rate of Spain's any more: 54.00 of tax on a line of 300."""
    (wrong,) = found(data, "tax_rate_unlikely").values()
    assert (wrong["subject_id"], wrong["amount_at_stake"]) == ("i3", "54.0000")


@pytest.mark.capability("PLUS-10")
def test_a_source_that_nobody_read_for_days_says_so_and_how_old_it_is(data: Path, tmp_path: Path) -> None:
    """Five days after its last complete reading billing is stale; read again, it is not."""
    assert found(data, "source_stale") == {}
    kept = "SELECT * REPLACE (completed_at - INTERVAL 5 DAY AS completed_at) FROM freshness WHERE vendor = 'billing'"
    with duckdb.connect(str(data / run.ROWS)) as db:
        db.execute(f"CREATE TABLE old AS {kept}")
        db.execute("CREATE TABLE now AS FROM freshness")
        db.execute("DELETE FROM freshness WHERE vendor = 'billing'")
        db.execute("INSERT INTO freshness FROM old")
    asked(data, "reconcile")
    stale = found(data, "source_stale")
    assert set(stale) == {"billing"} and stale["billing"]["severity"] == "high"
    with duckdb.connect(str(data / run.ROWS)) as db:
        db.execute("DELETE FROM freshness")
        db.execute("INSERT INTO freshness FROM now")
        db.execute("DROP TABLE old; DROP TABLE now")
    asked(data, "reconcile")
    assert found(data, "source_stale") == {}
