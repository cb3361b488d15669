"""Reconciled books of labelled data, for benchmarks that measure what is done with them; making them is not measured.

`many` multiplies the data: each copy has its own ids, numbers, tax ids and names, so that nothing of one fits another.
"""

import json
import os
import re
import unicodedata
from pathlib import Path

import duckdb
import polars as pl

from reconcile import quality, run, warehouse
from reconcile import settings as choices
from reconcile.settings import Company, Mail, Settings

FILES = ("deals", "invoices", "payments")
NAMES = ("deal_name", "company_name", "customer_name", "payer_name")
EMAILS = ("contact_email", "customer_email")
IDS = (
    "deal_id", "invoice_id", "payment_id", "company_id", "customer_id", "company_tax_id", "customer_tax_id",
    "payer_tax_id", "payer_iban",
)  # fmt: skip
NUMBERS = ("number", "invoice_number", "reference", "invoice_ref", "remittance")
# What stands before and behind a copy's digit: fv20012024, FV/200/01/2024, 200/24, F2024-000200.
NUMBER = re.compile(
    r"(?P<a>fv\d+)(?P<b>\d\d20\d\d)\b|(?P<c>fv[/ ]\d+)(?P<d>[/ ]\d\d[/ ]20\d\d)|(?P<e>\b\d+)(?P<f>/\d\d)\b"
    r"|(?P<year>20\d\d)(?=[- ]\d)|(?P<g>\d{4,})",
    re.IGNORECASE,
)
# Legal forms keep their letters, also where a bank cut them off; every other word of a name is said in other letters.
FORM = re.compile(
    r"(?:S|P|L|A|Z|O|C|V|R|U|OO|ZOO|SP|SPZOO?|SLU?|SAU?|SAS|SARL|SRL|SPA|GMBH|LTD|LIMITED|LDA|UNIPESSOAL|AND|UND|ET"
    r"|SOC\w*|LIM\w*|AN[OÓ]N\w*|SP[OÓ][LŁ]\w*|OGRAN\w*|ODPOW\w*|SOCI[EÉ]T\w*|GESELL\w*|MIT|BESCHR\w*|HAFT\w*)",
    re.IGNORECASE,
)
WORDS = ("alba", "brisa", "cima", "duna", "estrella", "faro", "gala", "hiedra", "isla", "jara")  # one for each copy
VOWELS, OTHERS = "AEIOU", "BCDFGHJKLMNPQRSTVWXYZ"


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
        told = "UPDATE deals SET owner_id = f.owner, invoice_status = f.payment_status"
        db.execute(f"{told} FROM read_parquet($path) AS f WHERE f.deal_id = deals.id", path)
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
        one = pl.read_parquet(folder / f"{name}.parquet")
        pl.concat([_copy(one, n) for n in range(copies)]).write_parquet(into / f"{name}.parquet")
    return into


def _copy(rows: pl.DataFrame, n: int) -> pl.DataFrame:
    """Return the rows as those of another company: as many equal, alike and mistyped texts, none of them another's."""
    ways = {
        NAMES: lambda text: "".join(_word(word, n) for word in re.split(r"(\s+)", text)),
        EMAILS: lambda text: text.replace("@", f"@{WORDS[n]}-"),
        IDS: lambda text: re.sub(r"\d{5,}", rf"\g<0>{n}", text),
        NUMBERS: lambda text: NUMBER.sub(lambda found: _number(found, n), text),
    }
    for columns, way in ways.items():
        for column in set(columns) & set(rows.columns):
            told = {text: way(text) for text in rows[column].drop_nulls().unique()}
            rows = rows.with_columns(pl.col(column).replace_strict(told, default=None, return_dtype=pl.String))
    return rows


def _number(found: re.Match[str], n: int) -> str:
    said = found.groupdict("")
    first = said["a"] + said["c"] + said["e"] + said["g"]
    return f"{first}{n}{said['b']}{said['d']}{said['f']}" if first else found.group()


def _word(word: str, n: int) -> str:
    """Return a word whose letters all stand some places further, accents as they were."""
    if FORM.fullmatch(re.sub(r"\W", "", word)):
        return word
    letters = unicodedata.normalize("NFD", word.replace("Ł", "L").replace("ł", "l").replace("ß", "ss"))
    return unicodedata.normalize("NFC", "".join(_letter(each, n) for each in letters))


def _letter(letter: str, n: int) -> str:
    for row, step in ((VOWELS, n // 2), (OTHERS, 2 * n)):
        if letter.upper() in row:
            other = row[(row.index(letter.upper()) + step) % len(row)]
            return other if letter.isupper() else other.lower()
    return letter
