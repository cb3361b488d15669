"""The named peer: Splink with its DuckDB backend, trained on the data, on transfers and on labelled books.

`python peer_splink.py transfers FOLDER` follows Splink's own worked example on this data (link banking transactions);
`python peer_splink.py books FOLDER` links deals and payments with invoices by name, tax id, reference, amount and date.
Prints JSON. Run it by the Python of an environment that has splink; nothing of this repository is imported.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

WANTED = 0.98  # precision at which recall is told, for transfers
NUMBER = r"(?:[A-Z]{1,3}[- /]?)?(?:[0-9]{1,6}[-/ ]){0,3}[0-9]{2,12}"  # what looks like a number in a text
SURE = 0.5  # probability from which a pair of books counts as linked


def within(days: int) -> dict[str, str]:
    """Return the level for money that arrives so many days later."""
    return {
        "sql_condition": f"transaction_date_r - transaction_date_l BETWEEN 0 AND {days}",
        "label_for_charts": f"{days} days",
    }


def transfers(folder: Path) -> dict[str, Any]:
    """Return precision and recall on transfers at the threshold where precision is at least WANTED."""
    origin, destination = (pl.read_parquet(folder / f"{side}.parquet") for side in ("origin", "destination"))
    near = "l.amount / r.amount > 0.7 AND l.amount / r.amount < 1.3 AND substr(l.memo, 1, 3) = substr(r.memo, 1, 3)"
    month = "strftime(l.transaction_date{}, '%Y%m') = strftime(r.transaction_date{}, '%Y%m')"
    week = "yearweek(r.transaction_date) = yearweek(l.transaction_date{})"
    amount = {
        "output_column_name": "amount",
        "comparison_levels": [
            cll.NullLevel("amount"),
            cll.ExactMatchLevel("amount"),
            *(cll.PercentageDifferenceLevel("amount", share) for share in (0.01, 0.03, 0.1, 0.3)),
            cll.ElseLevel(),
        ],
    }
    date = {
        "output_column_name": "transaction_date",
        "comparison_levels": [
            cll.NullLevel("transaction_date"),
            *map(within, (1, 4, 10, 30)),
            cll.ElseLevel(),
        ],
    }
    settings = SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=1 / len(origin),
        blocking_rules_to_generate_predictions=[
            f"{month.format('', '')} AND {near}",
            f"{month.format(' + 15', ' + 15')} AND {near}",
            block_on("substr(memo, 1, 9)"),
            f"round(l.amount / 2, 0) * 2 = round(r.amount / 2, 0) * 2 AND {week.format('')}",
            f"round(l.amount / 2, 0) * 2 = round((r.amount + 1) / 2, 0) * 2 AND {week.format(' + 4')}",
        ],
        comparisons=[amount, cl.JaccardAtThresholds("memo", [0.9, 0.7]), date],
        unique_id_column_name="unique_id",
        additional_columns_to_retain=["ground_truth"],
    )
    start = time.perf_counter()
    db = DuckDBAPI(_connected())
    linker = Linker([db.register(_numbered(origin), dataset_display_name="origin"),
                     db.register(_numbered(destination), dataset_display_name="payee")], settings)  # fmt: skip
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("memo"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("amount"))
    found = linker.inference.predict(threshold_match_probability=0.001).as_duckdbpyrelation().pl()
    seconds = time.perf_counter() - start
    found = found.select(
        p="match_probability", left="ground_truth_l", right="ground_truth_r", a="unique_id_l", b="unique_id_r"
    )
    return _best(found, len(origin)) | {"seconds": seconds}


def _numbered(rows: pl.DataFrame) -> Any:
    if "unique_id" not in rows.columns:
        rows = rows.with_row_index("unique_id")
    return rows.to_arrow()


def _best(found: pl.DataFrame, truth: int) -> dict[str, Any]:
    """Return the highest recall at WANTED precision, of all pairs or of each line's likeliest, whichever is kinder."""
    ways = [
        found,
        found.sort("p", descending=True).unique("a", keep="first").sort("p", descending=True).unique("b", keep="first"),
    ]
    told = {"recall": 0.0, "precision": 0.0}
    for pairs in ways:
        curve = pairs.sort("p", descending=True).with_columns(right=pl.col("left") == pl.col("right"))
        curve = curve.with_columns(hits=pl.col("right").cum_sum(), links=pl.int_range(1, pl.len() + 1))
        good = curve.filter(pl.col("hits") / pl.col("links") >= WANTED)
        if len(good):
            hits, links = good.select("hits", "links").row(-1)
            told = max(told, {"recall": hits / truth, "precision": hits / links}, key=lambda t: t["recall"])
    return told


def books(folder: Path) -> dict[str, Any]:
    """Return precision and recall of deal → invoice and payment → invoice on labelled books, and the time of both."""
    deals, invoices, payments = (pl.read_parquet(folder / f"{t}.parquet") for t in ("deals", "invoices", "payments"))
    won = deals.filter(pl.col("stage") == "won").select(
        unique_id="deal_id", name="company_name", tax_id="company_tax_id", email="contact_email", amount="amount",
        currency="currency", day="close_date", said=_texts("reference", "invoice_number"), key="reference",
    )  # fmt: skip
    billed = invoices.select(
        unique_id="invoice_id", name="customer_name", tax_id="customer_tax_id", email="customer_email", amount="net",
        currency="currency", day="issue_date", said=_texts("reference", "number"), key="reference",
    )  # fmt: skip
    paid = payments.select(
        unique_id="payment_id", name="payer_name", tax_id="payer_tax_id", email=pl.lit(None, pl.String),
        amount="amount", currency="currency", day="booked_on", said=_texts("invoice_ref", "remittance"),
        key=_texts("invoice_ref", "remittance"),
    )  # fmt: skip
    owed = invoices.select(
        unique_id="invoice_id", name="customer_name", tax_id="customer_tax_id", email="customer_email", amount="total",
        currency="currency", day="due_date", said=_texts("reference", "number"), key="number",
    )  # fmt: skip
    told: dict[str, Any] = {}
    start = time.perf_counter()
    for name, left, right in (("deal_invoice", won, billed), ("payment_invoice", paid, owed)):
        told[name] = _scored(_linked(_clean(left), _clean(right)), folder, name)
    return told | {"seconds": time.perf_counter() - start}


def _texts(*columns: str) -> pl.Expr:
    return pl.concat_str(*columns, separator=", ", ignore_nulls=True)


def _clean(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows as a careful user gives them: plain capitals, and every number that a text may hold as a list."""
    bare = pl.col("name", "tax_id").str.to_uppercase().str.normalize("NFKD").str.replace_all(r"[^A-Z0-9 ]", "")
    rows = rows.with_columns(bare.replace("", None), pl.col("email").str.to_lowercase(), pl.col("day").cast(pl.Date))
    numbers = pl.col("said").str.to_uppercase().str.extract_all(NUMBER)
    numbers = numbers.list.eval(pl.element().str.replace_all(r"[^A-Z0-9]", "")).list.unique()
    key = pl.col("key").str.to_uppercase().str.extract(f"({NUMBER})").str.replace_all(r"[^A-Z0-9]", "")
    return rows.with_columns(numbers=numbers, key=key).drop("said")


def _linked(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    amount = {
        "output_column_name": "amount",
        "comparison_levels": [
            cll.NullLevel("amount"),
            cll.ExactMatchLevel("amount"),
            *(cll.PercentageDifferenceLevel("amount", share) for share in (0.001, 0.03, 0.25, 0.5, 0.7)),
            cll.ElseLevel(),
        ],
    }
    same_number = block_on("numbers", arrays_to_explode=["numbers"])
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            same_number,
            block_on("tax_id", "round(amount)"),
            block_on("round(amount)", "currency", "substr(name, 1, 3)"),
            "l.tax_id = r.tax_id AND abs(date_diff('day', l.day, r.day)) <= 120",
            "l.email = r.email AND abs(date_diff('day', l.day, r.day)) <= 120",
            "substr(l.name, 1, 8) = substr(r.name, 1, 8) AND l.currency = r.currency "
            "AND abs(date_diff('day', l.day, r.day)) <= 120 AND r.amount BETWEEN l.amount * 0.08 AND l.amount * 1.35",
        ],
        comparisons=[
            cl.ArrayIntersectAtSizes("numbers", [1]),
            cl.ExactMatch("tax_id"),
            cl.ExactMatch("email"),
            cl.JaroWinklerAtThresholds("name", [0.95, 0.85]),
            amount,
            cl.AbsoluteDateDifferenceAtThresholds(
                "day", input_is_string=False, metrics=["day", "day", "month"], thresholds=[3, 20, 4]
            ),
        ],
    )
    db = DuckDBAPI(_connected())
    linker = Linker([db.register(left.to_arrow(), dataset_display_name="a_left"),
                     db.register(right.to_arrow(), dataset_display_name="b_right")], settings)  # fmt: skip
    linker.training.estimate_probability_two_random_records_match([block_on("key")], recall=0.6)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("key"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("amount", "substr(name, 1, 8)"))
    return linker.inference.predict(threshold_match_probability=SURE).as_duckdbpyrelation().pl()


def _scored(found: pl.DataFrame, folder: Path, name: str) -> dict[str, float]:
    left = name.split("_")[0] + "_id"
    # Each invoice goes to its likeliest deal; a payment to its likeliest invoice.
    one = "unique_id_r" if left == "deal_id" else "unique_id_l"
    pairs = found.sort("match_probability", descending=True).unique(one, keep="first")
    pairs = pairs.select(pl.col("unique_id_l").alias(left), pl.col("unique_id_r").alias("invoice_id"))
    truth = pl.read_parquet(folder / f"truth_{name}.parquet")
    must, may = truth.filter(~pl.col("optional")), truth.filter(pl.col("optional"))
    pairs = pairs.join(may, on=[left, "invoice_id"], how="anti")
    hits = len(pairs.join(must.select(left, "invoice_id").unique(), on=[left, "invoice_id"], how="semi"))
    return {"precision": hits / max(len(pairs), 1), "recall": hits / len(must)}


def _connected() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    db.execute("SET threads = 2")
    return db


if __name__ == "__main__":
    said = {"transfers": transfers, "books": books}[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(said | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
