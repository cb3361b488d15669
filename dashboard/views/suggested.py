"""What a finding waits for: the suggested partners of its record, to be answered where the finding is read."""

from dashboard import deciding, rights, session
from dashboard.parts import link
from dashboard.read import Row, findings, matching
from dashboard.views import pairs
from dashboard.words import _, several

PARTNERS = {"invoice_without_deal": "deals", "overdue": "payments", "partly_paid": "payments"}  # of an invoice


def waits(finding: Row) -> bool:
    """Return whether a finding is only certain once a suggestion is answered."""
    return finding["state"] == "unchecked" and str(finding["reason"]).startswith("suggested")


def hint() -> None:
    """Lead to the findings that wait for an answer, if there are any."""
    if waiting := findings.unsure(session.data()):
        told = several("{count} more waits for an answer to a suggestion",
                       "{count} more wait for an answer to a suggestion", waiting)  # fmt: skip
        link("to-fix", told, ":material/help:", state="unchecked")


def show(finding: Row) -> None:
    """Show each suggested partner with what agrees and what does not, and ask."""
    deciding.report()
    rows = _asked(finding) if rights.may("decide") else []
    records = pairs.group(rows)
    for row in rows:
        pairs.candidate(row, records, narrow=True)
    if not rows:
        link("reconciliation", _("See what waits for an answer"), ":material/rule:", part="review")


def _asked(finding: Row) -> list[Row]:
    """Return the suggested links of the record that the finding is about and nobody answered meanwhile."""
    key = ":".join(finding[f"subject_{part}"] for part in ("table", "vendor", "id"))
    wanted = PARTNERS.get(finding["check"], "")
    declined = deciding.heard().declined
    return [
        row for row in matching.links_of(session.data(), (key,)).get(key, [])
        if wanted in ("", row["left_table"]) and matching.pair(row) not in declined
    ]  # fmt: skip
