"""No account anywhere: exports and a bank statement in, one table of findings out."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from dashboard import cli

DEALS = """Deal;Cliente;CIF;Importe;Moneda;Fecha de cierre;Estado;Comercial
Web Sol;Ferretería Sol SL;B12345674;1.000,00;EUR;03/11/2026;Ganado;Eva
Web Luna;Luna Clara SA;A28015865;2.500,50;EUR;28/10/2026;Ganado;Eva
Web Mar;Mar Azul SL;B58378431;700,00;EUR;13/10/2026;Perdido;Iván
"""
INVOICES = """Número;Cliente;CIF;Fecha;Vencimiento;Base imponible;IVA;Total;Moneda;Estado
F-2026-0017;Ferretería Sol SL;B12345674;04/11/2026;19/11/2026;1.000,00;210,00;1.210,00;EUR;Enviada
"""
BANK = """Movimientos de la cuenta;;;
Cuenta;ES9121000418450200051332;;
Fecha operación;Fecha valor;Concepto;Importe EUR
15/11/2026;15/11/2026;FERRETERIA SOL SL PAGO FACTURA F-2026-0017;710,00
"""


def run(data: Path, *words: str) -> Any:
    return CliRunner().invoke(cli.app, ["--data", str(data), *words], catch_exceptions=False)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-21")
    (tmp_path / "deals.csv").write_bytes(DEALS.encode("cp1252"))
    (tmp_path / "facturas.csv").write_bytes(INVOICES.encode("utf-8-sig"))
    (tmp_path / "banco.csv").write_bytes(BANK.encode("latin-1"))
    return tmp_path / "data"


@pytest.mark.capability("PLUS-1", "CONN-1")
def test_three_files_give_findings_with_amount_age_owner_evidence_and_fix(data: Path) -> None:
    """The uninvoiced deal, and what is still open of the invoice paid in part: amount, currency, since, severity."""
    here = data.parent
    done = run(data, "import", *(str(here / f) for f in ("deals.csv", "facturas.csv", "banco.csv")), "--json")
    assert done.exit_code == 0, done.output
    assert [d["rows"] for d in json.loads(done.stdout)] >= [3, 1, 1]
    found = {f["check"]: f for f in json.loads(run(data, "findings", "--json").stdout)}
    missing = found["won_not_invoiced"]
    assert (missing["amount_at_stake"], missing["currency"], missing["since_on"]) == ("2500.5000", "EUR", "2026-10-28")
    assert missing["owner"] == "Eva" and missing["evidence"] and missing["severity"] == "high"
    late = found.get("partly_paid") or found["overdue"]
    assert late["amount_at_stake"] == "500.0000"


def test_the_same_file_twice_changes_nothing_and_other_values_are_told(data: Path) -> None:
    """Twice is once; the same invoice with another total says which field, before and after."""
    here = data.parent
    run(data, "import", str(here / "facturas.csv"))
    again = json.loads(run(data, "import", str(here / "facturas.csv"), "--json").stdout)[0]
    assert (again["new"], again["changed"]) == (0, 0) and "before" in again["note"]
    (here / "facturas.csv").write_bytes(INVOICES.replace("1.210,00", "1.310,00").replace("210,00;", "310,00;").encode())
    other = json.loads(run(data, "import", str(here / "facturas.csv"), "--json").stdout)[0]
    assert (other["new"], other["changed"]) == (0, 1)
    assert ("gross", "1210.0000", "1310.0000") in {(c["field"], c["before"], c["after"]) for c in other["changes"]}


def test_what_a_file_does_not_tell_is_named_and_nothing_is_taken_in(data: Path) -> None:
    """An amount without a currency anywhere: exit 2, the question and how to answer it; then it is kept."""
    path = data.parent / "sales.csv"
    path.write_text("Deal,Customer,Amount,Stage,Close date\nA,Acme,100.00,Won,2026-11-01\n")
    asked = run(data, "import", str(path))
    assert asked.exit_code == 2 and "currency" in asked.output
    assert (
        not (data / "rows.duckdb").exists()
        or not duckdb.connect(data / "rows.duckdb").execute("SELECT count(*) FROM deals").fetchone()[0]
    )
    assert run(data, "import", str(path), "--set", "currency=USD").exit_code == 0
    path.write_text("Deal,Customer,Amount,Stage,Close date\nB,Acme,200.00,Won,2026-11-02\n")
    assert run(data, "import", str(path)).exit_code == 0, "the profile is remembered"


def test_a_formula_never_reaches_a_spreadsheet(data: Path) -> None:
    """A title that begins with = is text in what `query` prints as CSV."""
    path = data.parent / "sales.csv"
    path.write_text('Deal,Customer,Amount,Currency,Stage,Close date\n"=cmd|calc",Acme,1.00,EUR,Won,2026-11-01\n')
    run(data, "import", str(path))
    printed = run(data, "query", "SELECT title FROM deals").stdout
    assert "=cmd" in printed and not [line for line in printed.splitlines() if line.lstrip('"').startswith("=")]


def test_query_is_read_only(data: Path) -> None:
    """The warehouse cannot be changed, and nothing else on the machine read."""
    run(data, "import", str(data.parent / "deals.csv"))
    assert run(data, "query", "DROP TABLE deals").exit_code == 2
    assert run(data, "query", "SELECT * FROM read_csv('/etc/passwd')").exit_code == 2


def test_lines_without_a_currency_are_in_that_of_their_invoice(data: Path) -> None:
    """Line exports seldom say a currency: the warehouse gives it, none is assumed."""
    here = data.parent
    (here / "lines.csv").write_text("vendor,document,document_id,description,quantity,unit_price,net\n"
                                    "billing,invoice,7,Web,1,100.00,100.00\n")  # fmt: skip
    (here / "invoices.csv").write_text("vendor,id,number,customer_name,issued_on,currency,net,gross,status\n"
                                       "billing,7,F-7,Acme,2026-11-01,PLN,100.00,123.00,sent\n")  # fmt: skip
    done = run(data, "import", str(here / "invoices.csv"), str(here / "lines.csv"))
    assert done.exit_code == 0, done.output
    assert run(data, "query", "SELECT currency, net FROM lines").stdout.split() == ["currency,net", "PLN,100.0000"]
