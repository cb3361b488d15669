"""Stock from a file: read, shown beside what was ordered, told where it is not enough, and stopping nothing."""

import json
from pathlib import Path
from typing import Any

import pytest
from small_company import words
from typer.testing import CliRunner

from dashboard import cli

DEALS = """id,vendor,title,customer_name,customer_tax_id,amount,currency,won_on,status
1,crm,Twelve taps,Acme SL,B12345674,120,EUR,2026-11-10,won
2,crm,Two taps,Acme SL,B12345674,20,EUR,2026-11-10,won
"""
LINES = """id,vendor,document,document_id,sku,description,quantity,unit_price,net,currency
1,crm,deal,1,TAP-1,Tap,12,10,120,EUR
2,crm,deal,2,TAP-1,Tap,2,10,20,EUR
"""
INVOICES = """id,vendor,number,customer_name,issued_on,currency,net,gross,status
9,billing,F-9,Other SL,2026-11-01,EUR,900.00,1089.00,sent
"""
STOCK = {
    "es": "Referencia;Nombre;Precio;Moneda;Stock disponible\nTAP-1;Grifo;10,00;EUR;7,5\nHOSE-1;Manguera;4,00;EUR;\n",
    "pl": "SKU;Nazwa;Cena netto;Waluta;Stan magazynowy\nTAP-1;Kran;10,00;EUR;7,5\nHOSE-1;Wąż;4,00;EUR;\n",
}


def run(data: Path, *args: str) -> Any:
    done = CliRunner().invoke(cli.app, ["--data", str(data), *args], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.capability("PROD-2")
@pytest.mark.parametrize("language", sorted(STOCK))
def test_stock_is_shown_and_an_order_above_it_is_told_but_not_stopped(empty: Path, page, language: str) -> None:
    """Seven and a half on hand: twelve ordered are told, two are not; without the file nothing is said or shown."""
    (empty / "deals.csv").write_text(DEALS)
    (empty / "lines.csv").write_text(LINES)
    (empty / "invoices.csv").write_text(INVOICES)
    (empty / "products.csv").write_text(STOCK[language])
    run(empty, "import", *(str(empty / f"{name}.csv") for name in ("deals", "lines", "invoices")))
    assert "stock_short" not in {f["check"] for f in json.loads(run(empty, "findings", "--json"))}
    assert "On hand" not in words(page("deals", deal="crm:1"))
    run(empty, "import", str(empty / "products.csv"), "--as", "products")
    assert run(empty, "query", "SELECT sku, stock FROM stock_on_hand").split() == ["sku,stock", "TAP-1,7.5000"]
    found = {(f["check"], f["subject_id"]): f for f in json.loads(run(empty, "findings", "--json"))}
    assert [key for key in found if key[0] == "stock_short"] == [("stock_short", "1")]
    assert ("won_not_invoiced", "1") in found  # to be invoiced as any other: nothing is stopped
    shown = words(page("deals", deal="crm:1"))
    assert "On hand" in shown and "7.50" in shown and "Ordered: 12.00; on hand: 7.50." in shown
