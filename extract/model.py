"""The canonical tables and drafts, declared once.

The annotation of a field is its validation, its DuckDB column and its Polars dtype; the description is the column
comment and the tooltip. Vendors yield plain dictionaries; the store checks them a batch at a time against these tables.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import polars as pl
from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from extract.values import coins

Money = Annotated[Decimal, "DECIMAL(18,4)"]
Rate = Annotated[Decimal, "DECIMAL(18,8)"]  # exchange and tax rates, quantities: more decimals than money has

DealStatus = Literal["open", "won", "lost"]
QuoteStatus = Literal["draft", "published", "accepted", "rejected", "expired"]
InvoiceKind = Literal["invoice", "deposit", "final", "recurring", "proforma", "credit_note"]
InvoiceStatus = Literal["draft", "issued", "sent", "partly_paid", "paid", "void", "uncollectible"]
PaymentStatus = Literal["pending", "booked", "failed", "refunded"]
PaymentMethod = Literal["transfer", "card", "direct_debit", "cash", "cheque", "gateway", "recorded", "refund", "other"]


def says(description: str) -> Any:
    """Return an optional column with its comment."""
    return Field(default=None, description=description)


def must(description: str) -> Any:
    """Return a column that every row must fill, with its comment."""
    return Field(description=description)


class Row(BaseModel):
    """One record of a canonical table; its key is (vendor, id)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vendor: str = must("name of the connection that said it, e.g. hubspot")
    id: str = must("the vendor's id, always text")


class Customer(Row):
    """Who buys: a company or a person, in the CRM or in billing."""

    kind: Literal["person", "company"] | None = says("person or company")
    name: str | None = says("name shown to people")
    legal_name: str | None = says("registered name, where it differs")
    tax_id: str | None = says("tax id, compact form without separators, upper case")
    tax_id_country: str | None = says("ISO country of the tax id")
    email: str | None = says("where invoices go")
    phone: str | None = says("phone")
    street: str | None = says("street and number")
    city: str | None = says("city")
    region: str | None = says("state or province")
    postcode: str | None = says("postcode")
    country: str | None = says("ISO 3166-1 alpha-2 country")
    language: str | None = says("ISO 639-1 language for mails")
    payment_terms_days: int | None = says("days from issue to due date agreed with this customer")
    discount_rate: Rate | None = says("discount in percent agreed with this customer, e.g. 5")
    iban: str | None = says("account the customer pays from")
    parent_id: str | None = says("id of the parent company, same vendor")
    owner_id: str | None = says("salesperson, same vendor")
    other_id: str | None = says("id of the same customer in the other system, where this vendor stores it")
    url: str | None = says("the record in the vendor's own screen")
    created_at: dt.datetime | None = says("created, UTC")
    updated_at: dt.datetime | None = says("last changed, UTC")


class Product(Row):
    """What is sold."""

    sku: str | None = says("stock-keeping unit, the key across systems")
    name: str | None = says("name")
    unit_price: Money | None = says("net price of one unit")
    currency: str | None = says("ISO 4217 currency of unit_price")
    tax_rate: Rate | None = says("tax in percent, e.g. 21")
    stock: Rate | None = says("quantity on hand")
    is_active: bool | None = says("still sold")
    created_at: dt.datetime | None = says("created, UTC")
    updated_at: dt.datetime | None = says("last changed, UTC")


class TaxCode(Row):
    """A tax that billing knows and can put on a line; two of one rate may differ in what the law calls them."""

    name: str | None = says("what is printed on the invoice")
    rate: Rate | None = says("tax in percent, e.g. 21")
    country: str | None = says("ISO 3166-1 alpha-2 country whose tax it is")
    description: str | None = says("what it is for, for ourselves")
    is_active: bool | None = says("still used")


class Owner(Row):
    """A salesperson."""

    name: str | None = says("name")
    email: str | None = says("e-mail")
    is_active: bool | None = says("still works there")


class Stage(Row):
    """A stage of a sales pipeline, as the CRM lists it."""

    name: str | None = says("label people see")
    pipeline: str | None = says("id of the pipeline")
    pipeline_name: str | None = says("label of the pipeline")
    position: int | None = says("order within the pipeline")
    outcome: DealStatus | None = says("what a deal in this stage is: open, won or lost")


class Deal(Row):
    """An opportunity in the CRM."""

    title: str | None = says("name of the deal")
    customer_id: str | None = says("company, same vendor; person where no company is known")
    contact_id: str | None = says("person, same vendor")
    customer_name: str | None = says("customer's name where the CRM puts it on the deal itself")
    customer_tax_id: str | None = says("tax id where the CRM puts it on the deal itself, compact")
    customer_email: str | None = says("e-mail where the CRM puts it on the deal itself")
    owner_id: str | None = says("salesperson, same vendor")
    pipeline: str | None = says("id of the pipeline")
    stage: str | None = says("id of the stage")
    status: DealStatus | None = says("open, won or lost, from the stage's own meaning")
    amount: Money | None = says("worth of the deal")
    amount_is: Literal["net", "gross", "unknown"] | None = says("whether amount includes tax")
    currency: str | None = says("ISO 4217 currency of amount")
    won_on: dt.date | None = says("day the deal was won, in the company's time zone")
    expected_close_on: dt.date | None = says("day it is expected to close")
    reference: str | None = says("order or project number both sides know")
    billing: Literal["once", "deposit", "stages", "recurring"] | None = says("how it is invoiced")
    invoice_number: str | None = says("invoice number(s) as the CRM knows them")
    invoice_status: str | None = says("invoice state as the CRM knows it")
    invoice_status_on: dt.date | None = says("day since which the invoice is in that state, as the CRM knows it")
    reminders_sent: int | None = says("reminders sent of its invoices, as the CRM knows it")
    reminded_on: dt.date | None = says("day of the last reminder, as the CRM knows it")
    invoiced_amount: Money | None = says("amount invoiced as the CRM knows it, in currency")
    invoice_due_on: dt.date | None = says("due date as the CRM knows it")
    invoice_recipient: str | None = says("who got the invoice, as the CRM knows it")
    paid_on: dt.date | None = says("day of payment as the CRM knows it")
    payment_terms_days: int | None = says("days from issue to due date agreed on this deal")
    service_done_on: dt.date | None = says("day the service was completed")
    url: str | None = says("the record in the vendor's own screen")
    created_at: dt.datetime | None = says("created, UTC")
    updated_at: dt.datetime | None = says("last changed, UTC")


class Quote(Row):
    """An offer."""

    number: str | None = says("number people know")
    title: str | None = says("title")
    deal_id: str | None = says("deal it belongs to, same vendor")
    customer_id: str | None = says("customer, same vendor")
    other_quote_id: str | None = says("id of the same quote in the other system, where it is stored")
    status: QuoteStatus | None = says("draft, published, accepted, rejected or expired")
    valid_until_on: dt.date | None = says("last day it can be accepted")
    accepted_on: dt.date | None = says("day it was accepted")
    net: Money | None = says("total without tax")
    tax: Money | None = says("tax")
    gross: Money | None = says("total with tax")
    currency: str | None = says("ISO 4217 currency")
    url: str | None = says("the record in the vendor's own screen")
    updated_at: dt.datetime | None = says("last changed, UTC")


class Invoice(Row):
    """A receivable document: invoice, deposit, final, pro-forma or credit note. Money the customer owes us."""

    number: str | None = says("number printed on it; empty on a draft")
    kind: InvoiceKind | None = says("sort of document")
    customer_id: str | None = says("customer, same vendor")
    customer_name: str | None = says("name printed on it")
    customer_tax_id: str | None = says("tax id printed on it, compact")
    customer_email: str | None = says("e-mail it goes to")
    seller_name: str | None = says("our own name printed on it")
    seller_tax_id: str | None = says("our own tax id printed on it, compact")
    seller_address: str | None = says("our own address, or postcode, printed on it")
    deal_id: str | None = says("id of the CRM deal, where billing stores it")
    deal_reference: str | None = says("order or project number printed on it")
    corrects_id: str | None = says("invoice that a credit note corrects, same vendor")
    status: InvoiceStatus | None = says("draft, issued, sent, partly_paid, paid, void or uncollectible")
    issued_on: dt.date | None = says("issue date")
    due_on: dt.date | None = says("due date")
    sent_at: dt.datetime | None = says("when it was sent to the customer, UTC")
    currency: str | None = says("ISO 4217 currency")
    fx_rate: Rate | None = says("units of the company's currency per unit of currency, as printed")
    net: Money | None = says("total without tax; negative on a credit note")
    tax: Money | None = says("tax; negative on a credit note")
    withheld: Money | None = says("tax the customer withholds")
    gross: Money | None = says("what the customer owes, tax included; negative on a credit note")
    paid: Money | None = says("settled so far according to billing")
    paid_on: dt.date | None = says("day it was settled in full according to billing")
    series: str | None = says("numbering series")
    description: str | None = says("free text on the document")
    url: str | None = says("the record in the vendor's own screen")
    pdf_url: str | None = says("where the PDF is")
    created_at: dt.datetime | None = says("created, UTC")
    updated_at: dt.datetime | None = says("last changed, UTC")


class Bill(Row):
    """A payable: what a supplier wants from us. Never a receivable."""

    number: str | None = says("supplier's number")
    supplier_name: str | None = says("who wants the money")
    status: InvoiceStatus | None = says("state")
    issued_on: dt.date | None = says("issue date")
    due_on: dt.date | None = says("due date")
    currency: str | None = says("ISO 4217 currency")
    gross: Money | None = says("what we owe, tax included")
    paid: Money | None = says("what we paid")


class Line(Row):
    """One line item of a deal, quote or invoice."""

    document: Literal["deal", "quote", "invoice"] | None = says("sort of document")
    document_id: str | None = says("deal, quote or invoice it stands on, same vendor")
    position: int | None = says("order on the document, from 1")
    sku: str | None = says("stock-keeping unit")
    product_id: str | None = says("product, same vendor")
    description: str | None = says("text")
    quantity: Rate | None = says("quantity")
    unit_price: Money | None = says("net price of one unit before discount")
    discount_rate: Rate | None = says("discount in percent, e.g. 5")
    tax_rate: Rate | None = says("tax in percent, e.g. 21")
    net: Money | None = says("net total of the line after discount")
    currency: str | None = says("ISO 4217 currency")


class Payment(Row):
    """Money in (refunds: negative), as the bank or the gateway saw it.

    method 'recorded' is what billing was told about a payment made elsewhere: the same money as some bank line.
    """

    paid_on: dt.date | None = says("value date")
    amount: Money | None = says("what arrived, fees of the gateway not deducted; negative on a refund")
    currency: str | None = says("ISO 4217 currency")
    fee: Money | None = says("fee the gateway or the bank kept, in currency")
    method: PaymentMethod | None = says("how it was paid")
    payer_name: str | None = says("who paid, as the bank wrote it")
    payer_tax_id: str | None = says("tax id of the payer, compact")
    payer_iban: str | None = says("account it came from")
    account: str | None = says("our account it arrived on")
    reference: str | None = says("remittance text")
    invoice_reference: str | None = says("structured reference (RF, end-to-end id) or invoice number the vendor stored")
    bank_reference: str | None = says("the bank's own reference of the movement, to find it on its screen")
    customer_id: str | None = says("customer, same vendor")
    invoice_id: str | None = says("invoice, same vendor, when the vendor allocates the whole payment")
    payout_id: str | None = says("payout that carried it to the bank, same vendor")
    status: PaymentStatus | None = says("pending, booked, failed or refunded")
    updated_at: dt.datetime | None = says("last changed, UTC")


class Allocation(Row):
    """How much of a payment (or credit note) the vendor itself applied to an invoice."""

    payment_id: str | None = says("payment, same vendor")
    invoice_id: str | None = says("invoice, same vendor")
    amount: Money | None = says("applied, in currency")
    currency: str | None = says("ISO 4217 currency of the invoice")
    allocated_on: dt.date | None = says("day it was applied")


class Payout(Row):
    """A bundle of gateway payments less fees, sent to our bank account."""

    amount: Money | None = says("what should reach the bank")
    currency: str | None = says("ISO 4217 currency")
    arrives_on: dt.date | None = says("day it should reach the bank")
    status: str | None = says("the gateway's state")
    reference: str | None = says("text on the bank statement")


class Merged(Row):
    """A record that the vendor merged into another: `id` is the loser."""

    of_table: str | None = says("canonical table of both")
    survivor_id: str | None = says("id that stands for it now, same vendor")


TABLES: dict[str, type[Row]] = {
    "customers": Customer,
    "products": Product,
    "tax_codes": TaxCode,
    "owners": Owner,
    "stages": Stage,
    "deals": Deal,
    "quotes": Quote,
    "invoices": Invoice,
    "bills": Bill,
    "lines": Line,
    "payments": Payment,
    "allocations": Allocation,
    "payouts": Payout,
    "merged": Merged,
}


class Column(NamedTuple):
    """One column of a canonical table."""

    name: str
    sql: str
    dtype: pl.DataType | type[pl.DataType]
    comment: str
    required: bool
    choices: tuple[str, ...]


_PLAIN: dict[Any, tuple[str, Any]] = {
    str: ("VARCHAR", pl.String),
    int: ("BIGINT", pl.Int64),
    bool: ("BOOLEAN", pl.Boolean),
    dt.date: ("DATE", pl.Date),
    dt.datetime: ("TIMESTAMP", pl.Datetime("us")),
}


def _column(name: str, field: FieldInfo) -> Column:
    kind, choices, sql = field.annotation, (), next((m for m in field.metadata if isinstance(m, str)), "")
    if get_origin(kind) in (Union, UnionType):
        kind = next(a for a in get_args(kind) if a is not type(None))
    if get_origin(kind) is Annotated:
        kind, sql = get_args(kind)[:2]
    if get_origin(kind) is Literal:
        kind, choices = str, get_args(kind)
    if kind is Decimal:
        scale = int(sql[:-1].split(",")[1])
        return Column(name, sql, pl.Decimal(18, scale), field.description or "", field.is_required(), choices)
    sql, dtype = _PLAIN[kind]
    return Column(name, sql, dtype, field.description or "", field.is_required(), choices)


@cache
def columns(table: str) -> tuple[Column, ...]:
    """Return the columns of a canonical table, in order. KeyError where there is no such table."""
    return tuple(_column(name, field) for name, field in TABLES[table].model_fields.items())


def ddl(table: str) -> Iterator[str]:
    """Yield the DuckDB statements that create a canonical table with its comments."""
    cols = ", ".join(f"{c.name} {c.sql}{' NOT NULL' if c.required else ''}" for c in columns(table))
    yield f"CREATE TABLE {table} ({cols})"
    yield f"COMMENT ON TABLE {table} IS '{_quoted((TABLES[table].__doc__ or '').splitlines()[0])}'"
    for c in columns(table):
        yield f"COMMENT ON COLUMN {table}.{c.name} IS '{_quoted(c.comment)}'"


def _quoted(text: str) -> str:
    return text.replace("'", "''")


# What we ask a vendor to make. Validated when made: a draft that cannot be valid never reaches `send`.


class Draft(BaseModel):
    """Something we ask a vendor to make; `key` is ours and is put on the record so that it can be found again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str


class CustomerDraft(Draft):
    """A customer to create."""

    name: str
    legal_name: str | None = None
    kind: Literal["person", "company"] = "company"
    tax_id: str | None = None
    tax_id_country: str | None = None
    email: str | None = None
    phone: str | None = None
    street: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    language: str | None = None
    payment_terms_days: int | None = None
    other_id: str | None = None


class ProductDraft(Draft):
    """A product to create."""

    sku: str
    name: str
    unit_price: Decimal
    currency: str


class LineDraft(BaseModel):
    """A line of an invoice to create. Prices are net of tax."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal
    discount_rate: Decimal = Decimal(0)
    tax_rate: Decimal | None = None
    tax_code: str | None = None
    sku: str | None = None

    @property
    def net(self) -> Decimal:
        """Net total after discount, unrounded."""
        return self.quantity * self.unit_price * (1 - self.discount_rate / 100)

    def net_in(self, currency: str | None) -> Decimal:
        """Return the net total as it will stand on a document: the price of all, less the discount, each in coins."""
        whole = coins(self.quantity * self.unit_price, currency)
        return whole - coins(whole * self.discount_rate / 100, currency)

    def tax_in(self, currency: str | None) -> Decimal:
        """Return the tax on that, in coins."""
        return coins(self.net_in(currency) * (self.tax_rate or 0) / 100, currency)


class QuoteLineDraft(LineDraft):
    """A line of a quote to create: of a product that the other side has."""

    product_id: str


class QuoteDraft(Draft):
    """A published quote to make in the other system; ids are those of the system it is made in."""

    title: str | None = None
    customer_id: str
    contact_id: str | None = None
    deal_id: str | None = None
    other_quote_id: str  # of the quote that it is made from
    currency: str
    valid_until_on: dt.date
    due_days: int | None = None  # of the invoice that follows when it is accepted
    lines: tuple[QuoteLineDraft, ...]


class OrderDraft(Draft):
    """An order to create for what a quote says; ids are those of the system it is made in."""

    title: str
    reference: str | None = None  # number of the quote
    customer_id: str | None = None
    contact_id: str | None = None
    deal_id: str | None = None
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    lines: tuple[LineDraft, ...]


class InvoiceDraft(Draft):
    """An invoice to create as a draft."""

    kind: InvoiceKind = "invoice"
    customer_id: str
    deal_id: str | None = None
    deal_reference: str | None = None
    currency: str
    issued_on: dt.date
    due_on: dt.date
    lines: tuple[LineDraft, ...]
    message: str | None = None
    series: str | None = None
    corrects_id: str | None = None
    part: str | None = None  # of the deal's plan that it bills; none: all that is left
    fx_rate: Decimal | None = None  # units of fx_into for one of currency
    fx_into: str | None = None  # the company's currency
    fx_source: str | None = None  # who says so, and of which day


class TaskDraft(Draft):
    """A task for a salesperson in the CRM."""

    subject: str
    body: str = ""
    due_at: dt.datetime
    owner_id: str | None = None
    deal_id: str | None = None
    customer_id: str | None = None


class NoteDraft(Draft):
    """A note on a deal or customer, with files by id."""

    body: str
    at: dt.datetime
    owner_id: str | None = None
    deal_id: str | None = None
    deal_ids: tuple[str, ...] = ()  # more deals whose timelines show it
    customer_id: str | None = None
    file_name: str | None = None
    file: bytes | None = None


class Written(BaseModel):
    """What a vendor answered to a write, in our words."""

    id: str
    number: str | None = None
    status: str | None = None
    url: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    due_on: dt.date | None = None
    recipient: str | None = None
