"""Writes `data/sample`: the list of what is planted, and small exports of the company to try an import with.

`python -m extract.sandbox.samples data/sample` makes them again; they stand on 20 November 2026.
"""

import csv
import io
import json
import sys
from datetime import date
from pathlib import Path

from extract.sandbox.books import Company, Deal, Invoice, Payment, decimal
from extract.sandbox.company import company
from extract.sandbox.hubspot_books import state, write_back
from extract.sandbox.hubspot_schema import SALES_STAGES, SERVICE_STAGES
from extract.sandbox.statement import bank_statement, entries
from extract.sandbox.world import OWNERS

TODAY = date(2026, 11, 20)
SHOWN = ("won_not_invoiced", "partly_invoiced", "final_invoice_missing", "over_invoiced", "amount_differs",
         "currency_differs", "tax_id_differs", "duplicate_invoice", "overdue", "partly_paid")  # fmt: skip
DEALS = 60
STAGES = {stage[0]: stage[1] for stage in (*SALES_STAGES, *SERVICE_STAGES)}


def sample_deals(books: Company) -> list[Deal]:
    """Return some sixty deals: one or two with each kind of problem, the rest recent and clean, a few not won.

    A deal brings the others of its invoices and payments with it, so that no invoice or transfer is half explained.
    """
    by_problem: dict[str, list[Deal]] = {}
    deals = {d.id: d for d in books.deals}
    of_invoice = {i.id: i for i in books.invoices}
    for problem in books.problems:
        found = deals.get(problem["id"]) or next(iter(of_invoice[problem["id"]].deals), None) if (
            problem["id"] in deals or problem["id"] in of_invoice
        ) else None  # fmt: skip
        if found:
            by_problem.setdefault(problem["check"], []).append(found)
    chosen = {d.id: d for check in SHOWN for d in by_problem[check][:2]}
    troubled = {d.id for found in by_problem.values() for d in found}
    troubled |= {d.id for note in books.credit_notes for d in note.invoice.deals}  # the exports have no credit notes
    clean = [d for d in books.deals if d.id not in troubled and not d.archived and d.customer.payer == "bank"]
    for deal in sorted(clean, key=lambda d: (d.status != "won", -d.offset)):
        if len(chosen) >= DEALS - 8:
            break
        if deal.status == "won" and deal.invoices and all(i.number for i in deal.invoices):
            chosen |= {d.id: d for d in _together(deal, of_invoice)}
    for deal in [d for d in clean if d.status != "won"][:8]:
        chosen[deal.id] = deal
    return sorted(chosen.values(), key=lambda d: d.id)


def _together(deal: Deal, of_invoice: dict[str, Invoice]) -> list[Deal]:
    """Return the deal and all that share an invoice or a payment with it."""
    found, waiting = {deal.id: deal}, [deal]
    while waiting:
        for invoice in waiting.pop().invoices:
            shared = [of_invoice[i] for p in invoice.payments for i in p.parts]
            for other in (d for i in (invoice, *shared) for d in i.deals):
                if other.id not in found:
                    found[other.id] = other
                    waiting.append(other)
    return list(found.values())


def deals_csv(books: Company, deals: list[Deal]) -> str:
    """Return deals as a CRM exports them: commas, decimal point, ISO dates."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("Record ID", "Deal Name", "Associated Company", "NIF", "Country", "Email", "Deal Stage",
                     "Is Closed Won", "Is Closed",
                     "Amount", "Currency", "Close Date", "Deal owner", "PO number", "Invoice number", "Invoice status",
                     "Paid on"))  # fmt: skip
    for deal in deals:
        told, customer = write_back(deal, books.today), deal.customer
        writer.writerow((
            deal.id, deal.title, customer.name, customer.tax_id_typed, customer.country.name, customer.email,
            STAGES[deal.stage], deal.status == "won",
            deal.status != "open", decimal(deal.amount or 0), deal.currency, deal.won or deal.closes,
            " ".join(OWNERS[deal.owner][:2]),
            deal.reference or "", told["cuadra_invoice_number"] or "", told["cuadra_invoice_status"] or "",
            told["cuadra_paid_on"] or "",
        ))  # fmt: skip
    return out.getvalue()


def invoices_csv(books: Company, invoices: list[Invoice]) -> str:
    """Return invoices as Spanish billing software exports them: semicolons, decimal comma, day first."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(("Nº factura", "Fecha de emisión", "Fecha de vencimiento", "Cliente", "NIF", "País",
                     "Email cliente", "ID del negocio",
                     "Pedido", "Base imponible", "IVA", "Total", "Moneda", "Estado"))  # fmt: skip
    words = {"paid": "pagada", "void": "anulada", "draft": "borrador", "uncollectible": "incobrable"}
    for invoice in invoices:
        status = words.get(invoice.status) or {"partly_paid": "parcialmente pagada"}.get(
            state(invoice, books.today), "enviada"
        )
        customer = invoice.customer
        net, tax, gross = (f"{decimal(a)}".replace(".", ",") for a in (invoice.net, invoice.tax, invoice.gross))
        writer.writerow((
            invoice.number or "", f"{invoice.issued:%d/%m/%Y}", f"{invoice.due:%d/%m/%Y}", customer.name,
            invoice.stripe.get("tax_id") or customer.stripe.get("tax_id") or customer.tax_id, customer.country.code,
            customer.email,
            invoice.metadata.get("crm_deal_id", ""), next(iter(invoice.custom_fields.values()), ""), net, tax, gross,
            invoice.currency, status,
        ))  # fmt: skip
    return "\ufeff" + out.getvalue()


def write(folder: Path) -> None:
    """Write all samples into `folder`."""
    books = company(TODAY)
    folder.mkdir(parents=True, exist_ok=True)
    planted = json.dumps(books.planted(), ensure_ascii=False, indent=1)
    (folder / "planted.json").write_text(planted + "\n", encoding="utf-8")
    deals = sample_deals(books)
    invoices = sorted({i.id: i for d in deals for i in d.invoices}.values(), key=lambda i: (i.offset, i.id))
    payments: dict[str, Payment] = {p.id: p for i in invoices for p in i.payments}
    stray = [p for p in books.payments if p.method == "bank" and not p.parts][:2]
    chosen = [*payments.values(), *stray]
    (folder / "deals.csv").write_text(deals_csv(books, deals), encoding="utf-8")
    (folder / "invoices.csv").write_text(invoices_csv(books, invoices), encoding="utf-8")
    movements = entries(books, chosen, is_whole=False)
    (folder / "bank.xml").write_text(bank_statement(books, movements), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
