"""`cuadra query`: the warehouse asked in SQL, read-only, printed for a person or a program."""

import sys
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from extract.files import safe_cell


class Wrong(Exception):
    """The question cannot be asked; the text says why."""


def ask(data: Path, sql: str, form: Literal["csv", "json", "parquet"], path: Path | None = None) -> None:
    """Print or write the answer. Wrong where there is no warehouse or the SQL fails."""
    warehouse = data / "warehouse.duckdb"
    if not warehouse.exists():
        raise Wrong(f"{warehouse} does not exist yet: run `cuadra sync` or `cuadra import` first")
    try:
        # Read-only keeps the warehouse; external access off keeps everything else on this machine.
        with duckdb.connect(warehouse, read_only=True, config={"enable_external_access": "false"}) as db:
            found = db.sql(sql)
            answer = found.pl() if found is not None else pl.DataFrame()
    except duckdb.Error as error:
        raise Wrong(str(error)) from error
    if form == "parquet" and path:
        answer.write_parquet(path)
    elif form == "json":
        from dashboard import show

        show.document(answer.to_dicts())
    else:
        texts = [
            pl.col(n).map_elements(safe_cell, return_dtype=pl.String)
            for n, t in answer.schema.items()
            if t == pl.String
        ]
        sys.stdout.write(answer.with_columns(texts).write_csv() if answer.width else "")
