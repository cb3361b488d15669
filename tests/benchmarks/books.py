"""Reconciled books of labelled data, for benchmarks that measure what is done with them; making them is not measured.

`many` multiplies the data: each copy has its own ids, numbers, tax ids and names, so that nothing of one fits another.
"""

import json
import os
from pathlib import Path

import duckdb

from reconcile import quality, run, warehouse
from reconcile import settings as choices
from reconcile.settings import Company, Mail, Settings

FILES = ("deals", "invoices", "payments")
WORDS = ("Alba", "Brisa", "Cima", "Duna", "Estrella", "Faro", "Gala", "Hiedra", "Isla", "Jara")  # one for each copy
NAMES = ("deal_name", "company_name", "customer_name", "payer_name")
EMAILS = ("contact_email", "customer_email")
NUMBERS = (
    "deal_id", "invoice_id", "payment_id", "company_id", "customer_id", "company_tax_id", "customer_tax_id",
    "payer_tax_id", "payer_iban", "number", "invoice_number", "reference", "invoice_ref", "remittance",
)  # fmt: skip


def make(folder: Path, data: Path) -> None:
    """Reconcile the labelled `folder` into the data folder `data`, on the day of its labels; nothing if that is done.

    Sets CUADRA_TODAY, which whoever shows the books needs as well.
    """
    os.environ["CUADRA_TODAY"] = today = json.loads((folder / "meta.json").read_text("utf-8"))["today"]
    if (data / "warehouse.duckdb").exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(data / "rows.duckdb")) as db:
        quality.load(db, folder)
        names = "SELECT DISTINCT owner FROM read_parquet($path) WHERE owner IS NOT NULL"
        path = {"path": str(folder / "deals.parquet")}
        db.execute(
            f"INSERT INTO owners BY NAME SELECT 'crm' AS vendor, owner AS id, owner AS name FROM ({names})", path
        )
        db.execute("UPDATE deals SET owner_id = f.owner FROM read_parquet($path) AS f WHERE f.deal_id = deals.id", path)
        for table, described in (("freshness", warehouse.FRESHNESS), ("rejects", warehouse.REJECTS)):
            warehouse.create(db, table, "", described)
        at = {"started_at": f"{today} 06:00", "completed_at": f"{today} 06:05"}
        read = [{"vendor": v, "kind": k, "mode": "full", "items": "1", "rejected": "0", "error": "", **at}
                for v, k in (("crm", "deals"), ("billing", "invoices"), ("bank", "payments"))]  # fmt: skip
        warehouse.fill(db, "freshness", warehouse.FRESHNESS, read)
    choices.save(Settings(company=Company(name="Benchmark SL"), mail=Mail(sender="cuadra@example.com")), data)
    run.reconcile(data)


def many(folder: Path, copies: int, into: Path) -> Path:
    """Write `copies` (at most ten) of a labelled folder as one labelled folder, without its truth, and return it."""
    into.mkdir(parents=True, exist_ok=True)
    (into / "meta.json").write_bytes((folder / "meta.json").read_bytes())
    for name in FILES:
        with duckdb.connect() as db:
            db.execute(f"CREATE TABLE one AS FROM read_parquet('{folder / name}.parquet')")
            columns = [row[0] for row in db.execute("DESCRIBE one").fetchall()]
            each = [f"SELECT {', '.join(_of_copy(c, n) for c in columns)} FROM one" for n in range(copies)]
            db.execute(f"COPY ({' UNION ALL '.join(each)}) TO '{into / name}.parquet'")
    return into


def _of_copy(column: str, n: int) -> str:
    """Return the SQL of a column in the copy `n`: digits added to long numbers wherever they stand, a word to names."""
    if column in NAMES:
        return f"'{WORDS[n]} ' || {column} AS {column}"
    if column in EMAILS:
        return f"replace({column}, '@', '@{WORDS[n].lower()}-') AS {column}"
    return rf"regexp_replace({column}, '(\d{{5,}})', '\1{n}', 'g') AS {column}" if column in NUMBERS else column
