"""Associations, as lists show them beside a record and as their own API tells them."""

from extract.vendor import Item

PRIMARY = {("deals", "companies"): 5, ("contacts", "companies"): 1}  # association type ids


def first_of(linked: Item | None, primary: str = "") -> str | None:
    """Return the id of the primary associated record, else of the first."""
    if not linked or not (results := linked["results"]):
        return None
    for entry in results:
        if entry["type"] == primary:
            return str(entry["id"])
    return str(results[0]["id"])


def links_beside(kind: str, to: str, rows: list[Item]) -> list[Item]:
    """Return rows of the associations API as a list shows them beside a record."""
    one = {"deals": "deal", "companies": "company", "contacts": "contact", "quotes": "quote", "line_items": "line_item"}
    word, primary = f"{one[kind]}_to_{one[to]}", PRIMARY.get((kind, to))
    found = []
    for row in rows:
        types = {t.get("typeId") for t in row["associationTypes"]}
        type_ = word if primary is None or primary in types else f"{word}_unlabeled"
        found.append({"id": str(row["toObjectId"]), "type": type_})
    return found
