"""The ground of the warehouse: rows copied from rows.duckdb, merged records resolved, settings and decisions beside."""

import functools
import tempfile
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from extract import model
from reconcile.settings import Choices, columns

DECISIONS = {
    "kind": ("VARCHAR", "what was decided on: link or finding"),
    "verdict": ("VARCHAR", "confirmed or rejected (link), agreed or snoozed (finding); anything else takes it back"),
    "left_table": ("VARCHAR", "canonical table of the left row"),
    "left_vendor": ("VARCHAR", "vendor of the left row"),
    "left_id": ("VARCHAR", "id of the left row"),
    "right_table": ("VARCHAR", "canonical table of the right row"),
    "right_vendor": ("VARCHAR", "vendor of the right row"),
    "right_id": ("VARCHAR", "id of the right row"),
    "amount": ("DECIMAL(18,4)", "allocated, or at stake when it was agreed; in currency"),
    "currency": ("VARCHAR", "ISO 4217 currency of amount"),
    "finding_id": ("VARCHAR", "finding that was decided on"),
    "until_on": ("DATE", "last day the decision holds; empty for ever"),
    "reason": ("VARCHAR", "why, in the person's words"),
    "approved_by": ("VARCHAR", "who agreed to an exception"),
    "decided_by": ("VARCHAR", "who"),
    "decided_at": ("TIMESTAMP", "when, UTC"),
}
FRESHNESS = {
    "vendor": ("VARCHAR", "connection"),
    "kind": ("VARCHAR", "sort of item, in the vendor's words"),
    "mode": ("VARCHAR", "full or modified"),
    "started_at": ("TIMESTAMP", "when the last complete reading began, UTC"),
    "completed_at": ("TIMESTAMP", "when it was complete, UTC; empty if it never was"),
    "items": ("BIGINT", "items read"),
    "rejected": ("BIGINT", "items that could not be mapped"),
    "error": ("VARCHAR", "what went wrong at the last try, empty if nothing"),
}
REJECTS = {
    "vendor": ("VARCHAR", "connection"),
    "kind": ("VARCHAR", "sort of item, in the vendor's words"),
    "id": ("VARCHAR", "the item's id"),
    "field": ("VARCHAR", "column that could not be filled"),
    "value": ("VARCHAR", "what stood there"),
    "reason": ("VARCHAR", "why it cannot be used"),
    "run": ("VARCHAR", "reading it came with"),
    "seen_at": ("TIMESTAMP", "when it was rejected, UTC"),
}
RATES = {
    "currency": ("VARCHAR", "ISO 4217 currency"),
    "on_date": ("DATE", "day of the rate"),
    "rate": ("DECIMAL(18,8)", "units of currency for one euro, as the European Central Bank publishes them"),
    "source": ("VARCHAR", "who published it"),
}
LINKS = {
    "left_table": ("VARCHAR", "canonical table of the left row"),
    "left_vendor": ("VARCHAR", "its vendor"),
    "left_id": ("VARCHAR", "its id"),
    "right_table": ("VARCHAR", "canonical table of the right row"),
    "right_vendor": ("VARCHAR", "its vendor"),
    "right_id": ("VARCHAR", "its id"),
    "amount": ("DECIMAL(18,4)", "how much of the right row, in its currency; empty where that is not the question"),
    "currency": ("VARCHAR", "ISO 4217 currency of amount"),
    "rule": ("VARCHAR", "link rule that says so; a name that ends in _tie found several and chose none"),
    "confidence": ("DECIMAL(5,4)", "how often the rule is right"),
    "status": ("VARCHAR", "automatic, suggested, confirmed or rejected"),
    "kept": ("DECIMAL(18,4)", "what fees, discounts or withheld tax took of the payment: it settles the invoice too"),
    "facts": ("INTEGER", "what agrees and what does not, a bit each; evidence says it in words"),
    "evidence": ("VARCHAR", "JSON list of {code, agrees}: what both sides say of it and whether they agree"),
}
EXTRAS = {
    "freshness": ("When each source was last read completely.", FRESHNESS),
    "rejects": ("Items that could not be mapped, with field, value and reason.", REJECTS),
    "rates": ("Exchange rates against the euro.", RATES),
}

# Which canonical table a column points to, where it is not said by the table itself. Billing stores the CRM's ids in
# deal_id and other_id, so there the vendor of the merged record is another one.
_POINTS = {
    "customer_id": "customers",
    "contact_id": "customers",
    "parent_id": "customers",
    "owner_id": "owners",
    "product_id": "products",
    "invoice_id": "invoices",
    "corrects_id": "invoices",
    "payment_id": "payments",
    "payout_id": "payouts",
    "deal_id": "deals",
    "other_id": "customers",
}
_FOREIGN = {("invoices", "deal_id"), ("customers", "other_id")}
FEW = 50  # rows that are written out in a statement: to hand over a frame takes longer
_LONGEST_CHAIN = 20  # merges of merges; more is a circle


def lay(db: duckdb.DuckDBPyConnection, rows: Path, choices: Choices, decisions: Iterable[Mapping[str, Any]]) -> None:
    """Create in `db` the canonical tables filled from `rows`, freshness, rejects, rates, settings and decisions."""
    _begin(db)
    if rows.exists():
        _copy(db, rows)
    marks = ", ".join(f"CAST(? AS {sql})" for _, sql, _ in columns())
    db.execute(f"INSERT INTO settings VALUES ({marks})", [getattr(choices, name) for name, _, _ in columns()])
    fill(db, "decisions", DECISIONS, decisions)
    resolve_merged(db)
    _give_lines_their_currency(db)


def _begin(db: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that every warehouse begins with, empty."""
    here = str(db.execute("SELECT current_database()").fetchall()[0][0]).replace('"', '""')
    with tempfile.TemporaryDirectory(prefix="cuadra-") as folder:
        path = Path(folder) / "blank.duckdb"
        path.write_bytes(_blank())
        db.execute(f"ATTACH '{_quoted(str(path))}' AS blank (READ_ONLY)")
        db.execute(f'COPY FROM DATABASE blank TO "{here}" (SCHEMA)')
        db.execute("DETACH blank")


@functools.cache
def _blank() -> bytes:
    """Return a database file of empty tables with words on each column: writing those costs more than few rows do."""
    with tempfile.TemporaryDirectory(prefix="cuadra-") as folder:
        path = Path(folder) / "blank.duckdb"
        with duckdb.connect(str(path)) as db:
            db.execute("BEGIN")
            for table in model.TABLES:
                db.execute("; ".join(model.ddl(table)))
            for name, (text, described) in EXTRAS.items():
                create(db, name, text, described)
            chosen = {name: (sql, said) for name, sql, said in columns()}
            create(db, "settings", "The choices this warehouse was computed with: one row.", chosen)
            create(db, "decisions", "What people decided about links and findings.", DECISIONS)
            db.execute("COMMIT")
        return path.read_bytes()


def _give_lines_their_currency(db: duckdb.DuckDBPyConnection) -> None:
    """A line that says no currency is in that of the document it stands on."""
    for document in ("deal", "quote", "invoice"):
        db.execute(
            f"UPDATE lines SET currency = d.currency FROM {document}s AS d WHERE lines.currency IS NULL "
            "AND lines.document = ? AND d.vendor = lines.vendor AND d.id = lines.document_id",
            [document],
        )


def create(db: duckdb.DuckDBPyConnection, table: str, text: str, described: dict[str, tuple[str, str]]) -> None:
    """Create an empty `table` with a comment on it and on each column."""
    db.execute(f"CREATE TABLE {table} (" + ", ".join(f'"{n}" {sql}' for n, (sql, _) in described.items()) + ")")
    comment(db, table, text, described)


def comment(db: duckdb.DuckDBPyConnection, table: str, text: str, described: dict[str, tuple[str, str]]) -> None:
    """Say on `table` and on each column what it is."""
    said = [f"COMMENT ON COLUMN {table}.\"{name}\" IS '{_quoted(word)}'" for name, (_, word) in described.items()]
    db.execute("; ".join([f"COMMENT ON TABLE {table} IS '{_quoted(text)}'", *said]))


def fill(
    db: duckdb.DuckDBPyConnection,
    table: str,
    described: dict[str, tuple[str, str]],
    rows: Iterable[Mapping[str, Any]],
) -> None:
    """Insert `rows` into `table`; what a row lacks stays empty, what it has beyond the table's columns is left out."""
    found = list(rows)
    if not found:
        return
    said = {name: sql for name, (sql, _) in described.items() if any(row.get(name) is not None for row in found)}
    values = [[_text(row.get(name)) for name in said] for row in found]
    into = f"INSERT INTO {table} (" + ", ".join(f'"{name}"' for name in said) + ")"
    if len(values) <= FEW:
        marks = "(" + ", ".join(f"CAST(? AS {sql})" for sql in said.values()) + ")"
        db.execute(f"{into} VALUES {', '.join([marks] * len(values))}", list(chain.from_iterable(values)))
        return
    db.register("filling", pl.DataFrame(values, schema=dict.fromkeys(said, pl.String), orient="row"))
    db.execute(
        f"{into} SELECT " + ", ".join(f'CAST("{name}" AS {sql})' for name, sql in said.items()) + " FROM filling"
    )
    db.unregister("filling")


def _copy(db: duckdb.DuckDBPyConnection, rows: Path) -> None:
    db.execute(f"ATTACH '{_quoted(str(rows))}' AS rows_db (READ_ONLY)")
    there = columns_of(db, "rows_db")
    here = {table: [c.name for c in model.columns(table)] for table in model.TABLES}
    here |= {name: list(described) for name, (_, described) in EXTRAS.items()}
    for table, names in here.items():
        shared = ", ".join(f'"{c}"' for c in names if c in there.get(table, ()))
        if shared:
            db.execute(f"INSERT INTO {table} BY NAME SELECT {shared} FROM rows_db.{table}")
    db.execute("DETACH rows_db")


def columns_of(db: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """Return the column names of each table of an attached database."""
    found: dict[str, list[str]] = {}
    asked = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = 'main'"
    for table, column in db.execute(asked, [database]).fetchall():
        found.setdefault(table, []).append(column)
    return found


def resolve_merged(db: duckdb.DuckDBPyConnection) -> None:
    """Let every reference to a merged record point to its survivor, and drop the losers whose survivor is here."""
    asked = "SELECT DISTINCT of_table FROM merged WHERE survivor_id IS NOT NULL"
    concerned = {table for (table,) in db.execute(asked).fetchall()}
    if not concerned:
        return
    for _ in range(_LONGEST_CHAIN):
        chained = """UPDATE merged SET survivor_id = n.survivor_id FROM merged AS n
            WHERE n.vendor = merged.vendor AND n.of_table = merged.of_table AND n.id = merged.survivor_id
            AND n.survivor_id <> merged.id AND n.survivor_id <> merged.survivor_id"""
        if not db.execute(chained).fetchall()[0][0]:
            break
    for table in model.TABLES:
        for column in model.columns(table):
            target = _POINTS.get(column.name)
            if target in concerned and table != "merged":
                same = "" if (table, column.name) in _FOREIGN else f"AND m.vendor = {table}.vendor"
                db.execute(
                    f"""UPDATE {table} SET {column.name} = m.survivor_id FROM merged AS m
                    WHERE m.of_table = '{target}' AND m.id = {table}.{column.name} {same}"""
                )
        if table in concerned:
            db.execute(
                f"""DELETE FROM {table} WHERE (vendor, id) IN (SELECT m.vendor, m.id FROM merged AS m
                JOIN {table} AS s ON s.vendor = m.vendor AND s.id = m.survivor_id WHERE m.of_table = '{table}')"""
            )
    db.execute(
        """UPDATE lines SET document_id = m.survivor_id FROM merged AS m
        WHERE m.of_table = lines.document || 's' AND m.vendor = lines.vendor AND m.id = lines.document_id"""
    )
    for side in ("left", "right"):
        db.execute(
            f"""UPDATE decisions SET {side}_id = m.survivor_id FROM merged AS m
            WHERE m.of_table = {side}_table AND m.vendor = {side}_vendor AND m.id = {side}_id"""
        )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _quoted(text: str) -> str:
    return text.replace("'", "''")
