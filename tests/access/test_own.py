"""A salesperson sees their own deals and what hangs on them, whatever question is asked and whoever asked before."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from small_company import words
from streamlit.testing.v1 import AppTest
from two_sellers import MARTAS_WORDS, SAMS_WORDS, Seen

from dashboard.read import customers, deals, figures, findings, own, warehouse
from dashboard.read.findings import Wanted
from reconcile import access
from reconcile.access import Person

SAM = Person("sam@example.com", "salesperson", ("sam@example.com",))
MARTA = Person("marta@home.example", "salesperson", ("marta@home.example", "m@example.com"))
NOBODY = Person("eve@example.com", "salesperson", ("eve@example.com",))


def told(folder: Path) -> str:
    """Return all that stands in a warehouse, every table, as one text."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        names = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return "\n".join(str(db.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names)


def test_the_copy_of_a_salesperson_holds_nothing_of_others(data: Path) -> None:
    """No title, number, payer or name of a colleague stands in any table of it; all of their own does."""
    sams, martas = told(own.place(data, SAM.emails)), told(own.place(data, MARTA.emails))
    assert [word for word in MARTAS_WORDS if word in sams] == []
    assert [word for word in SAMS_WORDS if word not in sams] == []
    assert [word for word in SAMS_WORDS if word in martas] == []
    assert [word for word in ("Website", "Rollout", "FV-2026-101", "Q-1", "Marta", "Acme") if word not in martas] == []
    nothing = told(own.place(data, NOBODY.emails))
    assert [word for word in (*MARTAS_WORDS, *SAMS_WORDS, "Łódź") if word in nothing] == []


def test_every_question_is_answered_from_what_is_theirs(data: Path) -> None:
    """Deals, findings, receivables, figures, a customer shared with a colleague: amounts too are their own alone."""
    everybody = {row["id"] for row in deals.page(data)}
    with access.acting_as(SAM):
        assert {row["id"] for row in deals.page(data)} == {"81", "82"}
        mine = findings.page(data, Wanted())
        assert mine and {row["subject_id"] for row in mine} <= {"81", "82", "in_81", "q81", "b81", "c9", "c1", "cus_1"}
        assert dict(figures.now(data, "receivables")) == {"PLN": Decimal(800)}
        assert dict(figures.now(data, "overdue")) == {"PLN": Decimal(800)}
        assert {row["invoiced"] for row in customers.money(data, "hubspot", "c1")} == {Decimal(984)}
        happened = [row["id"] for row in customers.timeline(data, "hubspot", "c1")]
        assert sorted(happened) == ["81", "b81", "in_81"]
        assert findings.by_ids(data, tuple(r["id"] for r in asked_by_all(data))) == findings.by_ids(
            data, tuple(r["id"] for r in mine)
        )
        assert warehouse.visible(data) != data
    with access.acting_as(MARTA):
        assert {row["id"] for row in deals.page(data)} == {"1", "2"}
        theirs = findings.page(data, Wanted())
        shared = {r["id"] for r in theirs} & {r["id"] for r in mine}
        assert {r["subject_table"] for r in theirs if r["id"] in shared} <= {"customers"}  # both sell to that customer
    with access.acting_as(NOBODY):
        assert deals.page(data) == [] and findings.page(data, Wanted()) == []
    with access.acting_as(Person("", "")):
        assert deals.page(data) == []
    assert {row["id"] for row in deals.page(data)} == everybody == {"1", "2", "3", "81", "82"}


def asked_by_all(data: Path) -> list[dict[str, object]]:
    with access.acting_as(access.PROGRAM):
        return findings.page(data, Wanted())


def test_a_new_comparison_is_seen_at_once_and_an_old_copy_never(copied: Path) -> None:
    """The copy is made again when the warehouse is replaced, and only then."""
    folder = own.place(copied, SAM.emails)
    made = (folder / "warehouse.duckdb").stat().st_mtime_ns
    assert own.place(copied, [" SAM@example.com "]) == folder
    assert (folder / "warehouse.duckdb").stat().st_mtime_ns == made
    with duckdb.connect(str(copied / "warehouse.duckdb")) as db:
        db.execute("UPDATE deals SET owner_id = '8' WHERE id = '1'; DELETE FROM deals WHERE id = '82'; CHECKPOINT")
    with access.acting_as(SAM):
        assert {row["id"] for row in deals.page(copied)} == {"1", "81"}
    own.forget(copied)
    with access.acting_as(SAM):
        assert {row["id"] for row in deals.page(copied)} == {"1", "81"}


def shown(app: AppTest) -> str:
    """Return all that was sent to the browser: texts, tables, and what charts are drawn from."""
    sent = [str(getattr(element, "proto", "")) for element in app._tree]
    tables = [table.value.to_csv() for table in app.dataframe]
    return "\n".join([words(app), *tables, *sent])


PAGES = ("", "to-fix", "deals", "sales", "receivables", "customer")


@pytest.mark.parametrize("name", PAGES)
def test_pages_show_a_salesperson_their_own(seen: Seen, name: str) -> None:
    """Each page they have, drawn after somebody who sees everything drew it: not a word of a colleague's."""
    whole = shown(seen("ana@example.com", name))
    mine = shown(seen("sam@example.com", name))
    assert [word for word in MARTAS_WORDS if word in mine] == []
    if name in ("to-fix", "deals"):
        assert [word for word in ("Website", "Gravel") if word not in whole] == []
        assert "Gravel" in mine


def test_an_address_of_somebody_elses_deal_shows_nothing(seen: Seen) -> None:
    """A link to a colleague's deal, finding or customer is as if there were none."""
    for name, query in (("deals", {"deal": "hubspot:2"}), ("customer", {"customer": "hubspot:c2"})):
        mine = shown(seen("marta@home.example", name, **query))
        assert ("Rollout" if name == "deals" else "Acme") in mine
        other = shown(seen("sam@example.com", name, **query))
        assert [word for word in MARTAS_WORDS if word in other] == []


def test_a_salesperson_whom_the_crm_does_not_know_reads_why(seen: Seen) -> None:
    """Nothing is shown, and it says that, and whom to ask; a known one reads nothing of it."""
    page = words(seen("new@example.com", "deals"))
    assert "The CRM knows no salesperson with your e-mail address" in page and "Ana López" in page
    assert "The CRM knows no salesperson" not in words(seen("sam@example.com", "deals"))


def test_pages_of_the_whole_company_are_not_theirs(seen: Seen) -> None:
    """Reconciliation, reports, the activity log: not in the menu, and the address leads to what they have."""
    home = [title.value for title in seen("sam@example.com").title]
    for name in ("reconciliation", "reports", "activity", "connections", "bridge"):
        page = seen("sam@example.com", name)
        assert [title.value for title in page.title] == home
        assert name not in page.session_state["pages"]
