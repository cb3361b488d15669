"""A small real PDF of an invoice, written by hand so that the sandbox needs no library for it."""

from typing import Any

from extract.sandbox.books import decimal
from extract.sandbox.identifiers import plain
from extract.sandbox.world import SELLER

MOST_LINES = 30  # that fit on the page


def invoice_pdf(invoice: dict[str, Any]) -> bytes:
    """Return one page with number, parties, lines and totals of a Stripe invoice."""
    currency = invoice["currency"].upper()
    address, lines = invoice["customer_address"] or {}, invoice["lines"]["data"][:MOST_LINES]
    rows = [
        SELLER["name"], f"{SELLER['street']}, {SELLER['postcode']} {SELLER['city']}  NIF {SELLER['tax_id']}", "",
        f"Invoice {invoice['number'] or 'DRAFT'}", "", invoice["customer_name"] or "",
        ", ".join(str(address[k]) for k in ("line1", "postal_code", "city", "country") if address.get(k)),
        *(f"{t['value']}" for t in invoice["customer_tax_ids"] or []),
        *(f"{f['name']}: {f['value']}" for f in invoice["custom_fields"] or []),
        *(invoice["description"] or "").splitlines(), "",
        *(f"{n['description']}   {n['quantity']} x   {decimal(n['amount'])} {currency}" for n in lines),
        "", f"Subtotal  {decimal(invoice['subtotal'])} {currency}",
        f"Tax  {decimal(sum(t['amount'] for t in invoice['total_taxes'] or []))} {currency}",
        f"Total  {decimal(invoice['total'])} {currency}",
        f"Amount due  {decimal(invoice['amount_remaining'])} {currency}", "", invoice["footer"] or "",
    ]  # fmt: skip
    return page(rows)


def credit_note_pdf(note: dict[str, Any], invoice: dict[str, Any]) -> bytes:
    """Return one page with number, customer and amounts of a Stripe credit note and the invoice it corrects."""
    currency = note["currency"].upper()
    rows = [
        SELLER["name"], f"{SELLER['street']}, {SELLER['postcode']} {SELLER['city']}  NIF {SELLER['tax_id']}", "",
        f"Credit note {note['number']} on invoice {invoice['number']}", "", invoice["customer_name"] or "", "",
        f"Subtotal  -{decimal(note['subtotal'])} {currency}", f"Total  -{decimal(note['total'])} {currency}",
    ]  # fmt: skip
    return page(rows)


def page(rows: list[str]) -> bytes:
    """Return a PDF of one A4 page with these lines of text."""
    shown = b"BT /F1 11 Tf 56 790 Td 16 TL\n" + b"".join(b"(" + _text(row) + b") Tj T*\n" for row in rows) + b"ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(shown), shown),
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def _text(row: str) -> bytes:
    """Return a row in the font's encoding; letters that it lacks lose their accent."""
    letters = b"".join(c.encode("cp1252", "ignore") or plain(c).encode("cp1252", "replace") for c in row)
    return letters.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
