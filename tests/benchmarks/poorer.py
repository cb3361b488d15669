"""Labelled books with poorer clues: what was written is left out, or written with slips of the pen.

Only clues change, so the labels stay true. Which ones change follows from the rows and the seed alone.
"""

import random
import shutil
from pathlib import Path

import polars as pl

CLUES = {
    "deals": ("reference", "invoice_number", "company_tax_id", "contact_email"),
    "invoices": ("reference", "customer_tax_id", "customer_email"),
    "payments": ("invoice_ref", "remittance", "payer_iban", "payer_tax_id"),
}
WRITTEN = {  # by hand
    "deals": ("reference", "invoice_number", "company_name", "company_tax_id"),
    "invoices": ("reference",),
    "payments": ("invoice_ref", "remittance", "payer_name"),
}
SIGNS = "ABCDEFGHIKLMNOPRSTUVZ0123456789"


def without(folder: Path, out: Path, share: float, seed: int = 1) -> Path:
    """Copy `folder` to `out` without `share` of each clue, and return it."""

    def left_out(text: str | None, chance: random.Random) -> str | None:
        return None if chance.random() < share else text

    return _changed(folder, out, CLUES, left_out, seed)


def with_slips(folder: Path, out: Path, share: float, seed: int = 1) -> Path:
    """Copy `folder` to `out` with a slip in `share` of what is written by hand, and return it."""

    def slipped(text: str | None, chance: random.Random) -> str | None:
        return _slip(text, chance) if text and chance.random() < share else text

    return _changed(folder, out, WRITTEN, slipped, seed)


def _slip(text: str, chance: random.Random) -> str:
    """Return the text with a letter left out, another one, or two that changed places."""
    at = chance.randrange(len(text))
    kind = chance.choice(("left out", "another", "another", "changed places"))
    if kind == "left out":
        return text[:at] + text[at + 1 :]
    if kind == "another":
        return text[:at] + chance.choice(SIGNS) + text[at + 1 :]
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def _changed(folder, out, clues, change, seed) -> Path:
    shutil.copytree(folder, out)
    for name, columns in clues.items():
        rows = pl.read_parquet(folder / f"{name}.parquet")
        for column in columns:
            chance = random.Random(f"{seed} {name} {column}")
            rows = rows.with_columns(pl.Series(column, [change(t, chance) for t in rows[column]], dtype=pl.String))
        path = out / f"{name}.parquet"
        path.unlink()  # a copy of what may only be read
        rows.write_parquet(path)
    return out
