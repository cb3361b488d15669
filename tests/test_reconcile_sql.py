"""The SQL of the reconciliation stays in the part that Spark speaks too."""

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from reconcile.sqlfile import Query, query

FOLDER = Path(__file__).parents[1] / "reconcile"
FILES = sorted(
    path
    for part in ("checks", "figures", "figures/rows", "summaries", "links")
    for path in (FOLDER / part).glob("*.sql")
)


def said(path: Path) -> Query:
    return query(path)


@pytest.mark.capability("PLUS-15")
@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_translates_to_spark(path: Path) -> None:
    """sqlglot turns every file into Spark SQL, and Spark SQL that it can read again."""
    spark = sqlglot.transpile(said(path).sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert len(spark) == 1
    assert sqlglot.parse_one(spark[0], read="spark")


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_is_one_select_that_reads_what_it_says(path: Path) -> None:
    """A file is one SELECT; the tables it reads are those of its header's `reads`, so that a page can trust it."""
    tree = sqlglot.parse_one(said(path).sql, read="duckdb")
    assert isinstance(tree, exp.Query)
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    read = {table.name for table in tree.find_all(exp.Table) if table.name not in own}
    named = {name.strip() for name in said(path).header["reads"].split(",")}
    assert read == named
