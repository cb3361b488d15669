"""Mapping of the lines of documents to rows of `lines`."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from extract.vendor import Item
from extract.vendors.quickbooks.objects import ref

TAXED, UNTAXED = "TAX", "NON"  # the codes of lines in US companies


def lines_of(item: Item, document: str, currency: str | None, sign: int) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows of what is sold, and of a discount on the whole; subtotals and texts are none."""
    rows = [_row(line, item, sign) for line in _sold(item.get("Line"))]
    rates = {row["tax_rate"] for row in rows}
    for line in item.get("Line") or []:
        if line["DetailType"] == "DiscountLineDetail" and line.get("Amount"):
            rows.append(_discount(line, sign) | {"tax_rate": rates.copy().pop() if len(rates) == 1 else None})
    place = {"document": document, "document_id": item["Id"], "currency": currency}
    return [
        ("lines", {"id": f"{item['Id']}:{row.pop('line') or at}", "position": at} | place | row)
        for at, row in enumerate(rows, 1)
    ]


def _sold(lines: list[Item] | None) -> Iterator[Item]:
    """Yield lines with a product; of a bundle those inside it, whose sum it is."""
    for line in lines or []:
        if line["DetailType"] == "GroupLineDetail":
            yield from _sold((line.get("GroupLineDetail") or {}).get("Line"))
        elif line["DetailType"] == "SalesItemLineDetail":
            yield line


def _row(line: Item, item: Item, sign: int) -> dict[str, Any]:
    detail, net = line.get("SalesItemLineDetail") or {}, Decimal(line.get("Amount") or 0)
    quantity = detail.get("Qty")
    unit = detail.get("UnitPrice")
    if unit is None and quantity is None:
        unit, quantity = net, 1
    return {
        "line": line.get("Id"),
        "product_id": ref(detail, "ItemRef"),
        "description": line.get("Description") or (detail.get("ItemRef") or {}).get("name"),
        "quantity": quantity,
        "unit_price": None if unit is None else sign * Decimal(unit),
        "discount_rate": detail.get("DiscountRate"),
        "tax_rate": _rate(ref(detail, "TaxCodeRef"), item),
        "net": sign * net,
    }


def _discount(line: Item, sign: int) -> dict[str, Any]:
    detail, off = line.get("DiscountLineDetail") or {}, -sign * Decimal(line["Amount"])
    percent = detail.get("DiscountPercent")
    said = f"−{percent} %" if percent else "−"
    return {"line": line.get("Id") or "discount", "description": line.get("Description") or said, "quantity": 1,
            "unit_price": off, "net": off}  # fmt: skip


def _rate(code: str | None, item: Item) -> Decimal | None:
    """Return the tax of a line in percent; None where nothing tells it."""
    if code == UNTAXED or item.get("GlobalTaxCalculation") == "NotApplicable":
        return Decimal(0)
    known = ((item.get("_") or {}).get("tax_rates") or {}).get(code)
    if known is not None:
        return Decimal(known)
    if code == TAXED:  # in the US what is due hangs on the address: only the document's own tax tells
        parts = [line.get("TaxLineDetail") or {} for line in (item.get("TxnTaxDetail") or {}).get("TaxLine") or []]
        bases = {part.get("NetAmountTaxable") for part in parts}
        if len(bases) == 1 and all(part.get("PercentBased") for part in parts):
            return sum((Decimal(part["TaxPercent"]) for part in parts), Decimal(0))
    return None
