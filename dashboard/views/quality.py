"""Data quality: what is missing, wrong or there twice, how many of each, and what that stops."""

import csv
import io

import streamlit as st

from dashboard import labels, session
from dashboard.address import bound, page
from dashboard.parts import heading, nothing
from dashboard.read import quality
from dashboard.words import _, number, several
from extract.files import safe_cell

ALL = 1_000_000  # an export has every record, not a page of them
MINUTES = {
    "duplicate_customer": 5, "no_tax_id": 3, "wrong_tax_id": 3, "no_email": 2, "no_address": 2, "deal_no_amount": 2,
    "deal_no_customer": 2, "deal_no_owner": 1, "rejected": 5,
}  # fmt: skip


def words() -> dict[str, tuple[str, str]]:
    """Return, by problem, what it is called and what it stops."""
    return {
        "duplicate_customer": (_("Customer twice"), _("Invoices and payments end up on either of them.")),
        "no_tax_id": (_("Tax id missing"), _("No customer and no invoice is created for them.")),
        "wrong_tax_id": (_("Tax id impossible"), _("No customer and no invoice is created for them.")),
        "no_email": (_("E-mail missing"), _("No invoice and no reminder can be sent.")),
        "no_address": (_("Address missing"), _("The invoice would lack what the law asks for.")),
        "deal_no_amount": (_("Won deal without an amount"), _("What is left to invoice cannot be told.")),
        "deal_no_customer": (_("Won deal without a customer"), _("There is nobody to invoice.")),
        "deal_no_owner": (_("Won deal without a salesperson"), _("Nobody is told when it is paid or overdue.")),
        "rejected": (_("Record that could not be read"), _("It counts nowhere until it is mended.")),
    }


def show() -> None:
    """Lay out the counts, then the records of the chosen problem."""
    data = session.data()
    found, whole = quality.counts(data), quality.records(data)
    heading(
        _("Data quality"),
        _("{customers} customers with business and {deals} won deals were looked at.").format(
            customers=number(whole["customers"]), deals=number(whole["deals"])
        ),
    )
    if not any(found.values()):
        nothing(_("Nothing is missing"), _("All records are fit to be invoiced."), ":material/verified:")
        return
    minutes = sum(MINUTES[problem] * count for problem, count in found.items())
    st.info(
        _("Writing stays closed for a record until its data is right. Mending all of it takes about {time}.").format(
            time=several("{count} hour", "{count} hours", max(1, round(minutes / 60)))
        ),
        icon=":material/lock:",
    )
    said = words()
    st.dataframe(
        {
            "problem": [said[p][0] for p, count in found.items() if count],
            "count": [count for count in found.values() if count],
            "stops": [said[p][1] for p, count in found.items() if count],
        },
        column_config={
            "problem": st.column_config.TextColumn(_("Problem"), width=220),
            "count": st.column_config.NumberColumn(_("Records"), width=80),
            "stops": st.column_config.TextColumn(_("What it stops"), width=380),
        },
        hide_index=True,
        alt=_("Data quality"),
    )
    _records(found, said)


def _records(found: dict[str, int], said: dict[str, tuple[str, str]]) -> None:
    data, there = session.data(), [problem for problem, count in found.items() if count]
    chosen = bound(
        st.selectbox, _("Show"), there, name="problem", scope="quality", default=there[0],
        format_func=lambda problem: f"{said[problem][0]} ({number(found[problem])})",
    )  # fmt: skip
    at = page(-(-found[chosen] // quality.PAGE), "quality", chosen)
    rows = quality.page(data, chosen, at)
    st.dataframe(
        {
            "name": [row["name"] or row["id"] for row in rows],
            "value": [row["value"] or "" for row in rows],
            "where": [labels.vendor(row["vendor"]) for row in rows],
            "open": [row["url"] for row in rows],
        },
        column_config={
            "name": st.column_config.TextColumn(_("Record"), width=300),
            "value": st.column_config.TextColumn(_("What stands there"), width=180),
            "where": st.column_config.TextColumn(_("Where"), width=90),
            "open": st.column_config.LinkColumn(_("Go there"), display_text=_("Go there"), width=90),
        },
        hide_index=True,
        alt=said[chosen][0],
    )
    st.download_button(
        _("Download all as CSV"), _export, "data-quality.csv", "text/csv", icon=":material/download:", on_click="ignore"
    )


def _export() -> str:
    out, said = io.StringIO(), words()
    sheet = csv.writer(out)
    sheet.writerow(["problem", "record", "vendor", "id", "name", "value", "url"])
    for row in quality.page(session.data(), "", 1, ALL):
        cells = [said[row["problem"]][0], *(row[c] for c in ("record", "vendor", "id", "name", "value", "url"))]
        sheet.writerow([safe_cell(str(cell)) if cell is not None else "" for cell in cells])
    return out.getvalue()
