"""The tax of an invoice's lines: codes that billing knows, picked for each line, and rates that it does not know."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from extract.model import LineDraft
from reconcile.action import Caution, Need, Sentence
from reconcile.facts import Facts, Record

Picks = dict[int, Record]  # place of the line, from 1 → tax code
_OFFER = Sentence(text="Another tax code for this line.")


def codes(facts: Facts) -> list[Record]:
    """Return the tax codes that billing can put on a line, those of our country first."""
    return facts.all(
        "SELECT * FROM tax_codes WHERE vendor = ? AND COALESCE(is_active, TRUE) AND rate IS NOT NULL "
        "ORDER BY country IS NOT DISTINCT FROM ? DESC, country, rate DESC, name, id",
        facts.billing, facts.settings.company.country,
    )  # fmt: skip


def picks(known: Sequence[Record], given: Mapping[str, str], needs: list[Need]) -> Picks:
    """Return the codes that a person picked, by the place of the line; one that is none of billing's is asked anew."""
    by_id, found = {code["id"]: code for code in known}, Picks()
    for name, id in given.items():
        head, _, at = name.partition(" ")
        if head == "tax" and at.isdigit() and id:
            if id in by_id:
                found[int(at)] = by_id[id]
            else:
                says = Sentence(text="Billing has no such tax code any more: pick another.")
                needs.append(Need(name=name, value=id, says=says, options=called(known)))
    return found


def coded(lines: Sequence[LineDraft], picked: Picks) -> list[LineDraft]:
    """Return the lines with the codes that were picked for them."""
    return [
        line.model_copy(update={"tax_code": picked[at]["id"], "tax_rate": picked[at]["rate"]}) if at in picked else line
        for at, line in enumerate(lines, 1)
    ]


def usual(lines: Sequence[LineDraft], otherwise: Decimal | None) -> Decimal | None:
    """Return the rate that all lines have; where they differ or have none, the other."""
    rates = {line.tax_rate for line in lines}
    one = rates.pop() if len(rates) == 1 else None
    return otherwise if one is None else one


def offers(lines: Sequence[LineDraft], known: Sequence[Record]) -> list[Need]:
    """Return for each line that its tax code can be picked, where billing has any."""
    options = called(known)
    return [
        Need(name=f"tax {at}", says=_OFFER, value=line.tax_code, options=options) for at, line in enumerate(lines, 1)
    ] if options else []  # fmt: skip


def strange(lines: Sequence[LineDraft], known: Sequence[Record]) -> list[Caution]:
    """Return one caution for each rate that billing has no code for: it would be made there, and may be a slip."""
    there = {code["rate"] for code in known}
    rates = dict.fromkeys(line.tax_rate for line in lines if line.tax_rate and line.tax_rate not in there)
    return [
        Caution(code="tax_new", says=Sentence(
            text="Billing has no tax of {rate} %: it would be made there. Pick another one if that is a slip.",
            values={"rate": f"{rate.normalize():f}"}))
        for rate in rates
    ] if known else []  # fmt: skip


def called(known: Sequence[Record]) -> dict[str, str]:
    """Return what people call the codes, by id."""
    found = {}
    for code in known:
        rate = f"{code['name'] or ''} {code['rate'].normalize():f} %".strip()
        found[code["id"]] = " · ".join(p for p in (rate, code["country"], code["description"]) if p)
    return found
