"""How often matching is right: on labelled data, and by what the user's own people confirmed and declined.

Labelled data is a folder of parquet files with the truth beside the books.

Layout of a folder: deals, invoices, payments, truth_deal_invoice, truth_payment_invoice (`optional` links count neither
way; `evidence` is the best clue there is, `kind` the shape of the case), for findings truth_findings (code, id of its
record); further columns are ignored.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from extract.model import TABLES, ddl

_LOAD = {
    "deals": """
INSERT INTO deals BY NAME
SELECT 'crm' AS vendor, deal_id AS id, deal_name AS title, company_id AS customer_id, company_name AS customer_name,
  regexp_replace(upper(company_tax_id), '[^A-Z0-9]', '', 'g') AS customer_tax_id, contact_email AS customer_email,
  stage AS status, CAST(amount AS DECIMAL(18, 4)) AS amount, currency,
  CASE WHEN stage = 'won' THEN close_date END AS won_on, close_date AS expected_close_on, reference, invoice_number
FROM read_parquet($path)""",
    "invoices": """
INSERT INTO invoices BY NAME
SELECT 'billing' AS vendor, invoice_id AS id, number, type AS kind, customer_id, customer_name,
  regexp_replace(upper(customer_tax_id), '[^A-Z0-9]', '', 'g') AS customer_tax_id, customer_email,
  issue_date AS issued_on, due_date AS due_on, currency, CAST(net AS DECIMAL(18, 4)) AS net,
  CAST(tax AS DECIMAL(18, 4)) AS tax, CAST(total AS DECIMAL(18, 4)) AS gross, reference AS deal_reference,
  CASE status WHEN 'paid' THEN 'paid' ELSE 'issued' END AS status
FROM read_parquet($path)""",
    "payments": """
INSERT INTO payments BY NAME
SELECT 'bank' AS vendor, payment_id AS id, booked_on AS paid_on,
  CAST(amount AS DECIMAL(18, 4)) + coalesce(CAST(fee AS DECIMAL(18, 4)), 0) AS amount, currency,
  CAST(fee AS DECIMAL(18, 4)) AS fee, method, payer_name, payer_iban, payer_tax_id, invoice_ref AS invoice_reference,
  remittance AS reference, 'booked' AS status
FROM read_parquet($path)""",
}
_DEAL_LINKS = """
SELECT left_id AS deal_id, right_id AS invoice_id, status, rule FROM links
WHERE left_table = 'deals' AND right_table = 'invoices'"""
_PAYMENT_LINKS = """
SELECT left_id AS payment_id, right_id AS invoice_id, CAST(amount + coalesce(kept, 0) AS DOUBLE) AS amount, status, rule
FROM links WHERE left_table = 'payments' AND right_table = 'invoices'"""
_SURE = ("automatic", "confirmed")


def load(db: DuckDBPyConnection, folder: Path) -> None:
    """Create the canonical tables on `db` and fill them from a labelled folder; amounts become decimals."""
    for table in TABLES:
        for statement in ddl(table):
            db.execute(statement)
    for table, sql in _LOAD.items():
        db.execute(sql, {"path": str(folder / f"{table}.parquet")})


def score(db: DuckDBPyConnection, folder: Path) -> dict[str, Any]:
    """Return precision, recall and the rest per pair of tables, of the links on `db` against the truth in `folder`."""
    out: dict[str, Any] = {}
    for name, sql, left in (
        ("deal_invoice", _DEAL_LINKS, "deal_id"),
        ("payment_invoice", _PAYMENT_LINKS, "payment_id"),
    ):
        truth = pl.read_parquet(folder / f"truth_{name}.parquet")
        everyone = pl.read_parquet(folder / f"{left.removesuffix('_id')}s.parquet", columns=[left])[left]
        found = db.sql(sql).pl()
        sure = found.filter(pl.col("status").is_in(_SURE))
        out[name] = {
            "automatic": compare(truth, sure, left, everyone),
            "with_suggested": compare(truth, found, left, everyone),
            "abstained": found.filter(pl.col("rule").str.ends_with("_tie"))[left].n_unique(),
        }
    return out


def compare(truth: pl.DataFrame, given: pl.DataFrame, left: str, everyone: pl.Series) -> dict[str, Any]:
    """Return the measures of `given` links against `truth`; `everyone` holds the ids that could have been linked.

    whole: documents whose set of links is exactly right; stray: documents without a true link that were given one;
    amount: found links that settle what they should, within 5 %; money: recall weighted by the allocated amount.
    """
    pair = [left, "invoice_id"]
    must, optional = truth.filter(~pl.col("optional")).unique(pair), truth.filter(pl.col("optional"))
    given = given.drop_nulls(pair).unique(pair).join(optional, on=pair, how="anti")
    hit = must.join(given.with_columns(hit=pl.lit(True)), on=pair, how="left", suffix="_given")
    hit = hit.with_columns(pl.col("hit").fill_null(False))
    right, all_given, all_true = int(hit["hit"].sum()), len(given), len(must)
    precision, recall = right / all_given if all_given else 0.0, right / all_true if all_true else 0.0
    wrong = given.join(must.select(pair), on=pair, how="anti")[left].unique()
    whole = (
        hit.group_by(left)
        .agg(pl.col("hit").all())
        .select((pl.col("hit") & ~pl.col(left).is_in(wrong.implode())).mean())
    )
    alone = everyone.filter(~everyone.is_in(truth[left].unique().implode()))
    out: dict[str, Any] = {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "links": all_given,
        "truth": all_true,
        "whole": whole.item() or 0.0,
        "stray": alone.is_in(given[left].unique().implode()).mean() or 0.0,
        "recall_by": {by: _mean_by(hit, by) for by in ("evidence", "kind", "dirt") if by in hit.columns},
        "wrong_by_rule": _wrong_by_rule(given, must, pair),
    }
    if "amount" in must.columns and "amount_given" in hit.columns:
        near = (pl.col("amount_given") - pl.col("amount")).abs() <= 0.05 * pl.col("amount").abs() + 0.05
        out["amount"] = hit.filter("hit").select(near.mean()).item() or 0.0
        out["money"] = hit.select((pl.col("amount") * pl.col("hit")).sum() / pl.col("amount").sum()).item() or 0.0
    return out


def _mean_by(hit: pl.DataFrame, column: str) -> dict[str, float]:
    return dict(hit.group_by(column).agg(pl.col("hit").mean()).sort(column).iter_rows())


def _wrong_by_rule(given: pl.DataFrame, must: pl.DataFrame, pair: list[str]) -> dict[str, tuple[int, int]]:
    """Return per rule how many links it gave and how many of these are wrong."""
    if "rule" not in given.columns:
        return {}
    marked = given.join(must.select(*pair, is_right=pl.lit(True)), on=pair, how="left")
    counted = marked.group_by("rule").agg(pl.len(), pl.col("is_right").is_null().sum().alias("wrong")).sort("rule")
    return {rule: (given_n, wrong) for rule, given_n, wrong in counted.iter_rows()}


# The codes of truth_findings, and the findings that tell the same: its record is the finding's, or the deal of it.
_SAID = {
    "won_uninvoiced": ("won_not_invoiced",),
    "invoice_without_deal": ("invoice_without_deal",),
    "invoiced_not_won": ("invoiced_not_won",),
    "currency_mismatch": ("currency_differs",),
    "amount_mismatch": ("amount_differs", "partly_invoiced", "over_invoiced"),
    "tax_id_drift": ("tax_id_differs",),
    "duplicate_invoice": ("duplicate_invoice",),
    "overdue": ("overdue",),
    "part_paid": ("partly_paid",),
    "unmatched_payment": ("payment_without_invoice",),
    "double_payment": ("paid_twice",),
    "paid_crm_not_updated": ("paid_not_in_crm",),
    "crm_paid_but_open": ("open_paid_in_crm",),
}
_FOUND = """
SELECT DISTINCT f."check", f.state, coalesce(b.deal_id, f.subject_id) AS id FROM findings AS f
LEFT JOIN deal_invoices AS b
  ON f."check" = 'tax_id_differs' AND b.invoice_vendor = f.subject_vendor AND b.invoice_id = f.subject_id
WHERE f.state IN ('open', 'unchecked')"""


def findings(db: DuckDBPyConnection, folder: Path) -> dict[str, dict[str, Any]]:
    """Return by code of truth_findings how many open findings are right (precision) and how many were found (recall).

    `waiting`: findings held back until a suggestion is answered, `waiting_right` how many of these are right. Overdue
    invoices count whatever their age.
    """
    truth = pl.read_parquet(folder / "truth_findings.parquet")
    truth = truth.with_columns(pl.col("code").str.replace("^overdue_.*", "overdue"))
    found, out = db.sql(_FOUND).pl(), {}
    for code, names in _SAID.items():
        true = set(truth.filter(code=code)["id"])
        said = found.filter(pl.col("check").is_in(names))
        sure = set(said.filter(state="open")["id"])
        waiting = set(said["id"]) - sure
        out[code] = {
            "precision": len(sure & true) / len(sure) if sure else 0.0,
            "recall": len(sure & true) / len(true) if true else 0.0,
            "found": len(sure),
            "truth": len(true),
            "waiting": len(waiting),
            "waiting_right": len(waiting & true),
        }
    return out


def day(meta: dict[str, Any]) -> dt.date:
    """Return the day on which the labelled books are looked at."""
    return dt.date.fromisoformat(meta["today"])


_JUDGED = {"left": pl.String, "invoice_id": pl.String, "is_right": pl.Boolean, "rule": pl.String, "was": pl.String,
           "evidence": pl.String}  # fmt: skip
_TOLD = ("precision", "recall", "f1", "whole")  # measures that mean nothing where nothing was judged


def own(decisions: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the measures of `compare` by pair of tables, from decisions as the state store keeps them.

    What persons confirmed is the truth; what rules had proposed when they spoke is measured against it. Recall counts
    the pairs linked by hand as missed. abstained: records for which several were shown and none picked. by_rule,
    by_evidence: judged, confirmed, declined, precision; a pair's evidence is the best that agreed. money: by currency.
    """
    said = [d for d in decisions if d["kind"] == "link" and d["verdict"] in ("confirmed", "rejected")]
    pairs = sorted({(d["left_table"], d["right_table"]) for d in said})
    return {
        f"{left}_{right}": _own([d for d in said if (d["left_table"], d["right_table"]) == (left, right)])
        for left, right in pairs
    }


def _own(said: list[Mapping[str, Any]]) -> dict[str, Any]:
    judged = pl.DataFrame([_judged(d) for d in said], schema=_JUDGED, orient="row")
    automatic = _measured(judged, ["automatic"])
    proposed = judged.filter(pl.col("was") != "")
    return {
        "confirmed": int(judged["is_right"].sum()),
        "declined": int((~judged["is_right"]).sum()),
        "by_hand": judged.filter(pl.col("is_right"), pl.col("was") == "").height,
        "automatic": automatic,
        "with_suggested": _measured(judged, ["automatic", "suggested"]),
        "abstained": proposed.filter(pl.col("rule").str.ends_with("_tie"))["left"].n_unique(),
        "by_rule": _judged_by(proposed, "rule"),
        "by_evidence": _judged_by(proposed, "evidence"),
        "money": _money(said),
    }


def _judged(said: Mapping[str, Any]) -> tuple[Any, ...]:
    left, right = (f"{said[f'{side}_vendor']}:{said[f'{side}_id']}" for side in ("left", "right"))
    best = next((e["code"] for e in json.loads(said["evidence"] or "[]") if e["agrees"]), "none")
    return left, right, said["verdict"] == "confirmed", said["rule"], said["was"], best


def _measured(judged: pl.DataFrame, statuses: list[str]) -> dict[str, Any]:
    """Return the measures of what was proposed with these statuses; null where nothing was judged."""
    truth = judged.filter("is_right").select("left", "invoice_id", "evidence", optional=pl.lit(False))
    given = judged.filter(pl.col("was").is_in(statuses)).select("left", "invoice_id", "rule")
    measures = compare(truth, given, "left", judged["left"].unique())
    out = {name: measures[name] for name in (*_TOLD, "links", "truth")}
    out |= dict.fromkeys(("precision",) if not out["links"] else ())
    out |= dict.fromkeys(("recall", "whole") if not out["truth"] else ())
    out |= dict.fromkeys(("f1",) if not (out["links"] and out["truth"]) else ())
    return out | {"recall_by_evidence": measures["recall_by"].get("evidence", {})}


def _judged_by(proposed: pl.DataFrame, column: str) -> list[dict[str, Any]]:
    right = pl.col("is_right")
    counted = proposed.group_by(column).agg(
        judged=pl.len(), confirmed=right.sum(), declined=(~right).sum(), precision=right.mean()
    )
    return counted.sort(column).to_dicts()


def _money(said: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the recall of confirmed money by currency; a sum of several currencies would mean nothing."""
    true = [d for d in said if d["verdict"] == "confirmed" and d["amount"] is not None and d["currency"]]
    out = []
    for currency in sorted({d["currency"] for d in true}):
        mine = [(abs(d["amount"]), d["was"]) for d in true if d["currency"] == currency]
        whole = sum(amount for amount, _ in mine)
        found = {"automatic": sum(a for a, was in mine if was == "automatic"),
                 "with_suggested": sum(a for a, was in mine if was)}  # fmt: skip
        shares = {f"recall_{name}": float(amount / whole) if whole else None for name, amount in found.items()}
        out.append({"currency": currency, "confirmed": whole} | shares)
    return out
