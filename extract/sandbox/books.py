"""What the sandbox company knows: customers, deals, invoices, payments, and which of them were planted as problems.

Amounts are integers in minor units (cents) of the currency beside them, as Stripe keeps them; dates are days of
Europe/Madrid. Vendors' shapes are made from these in `hubspot_books`, `stripe_books` and `statement`.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from extract.sandbox.world import Country


def decimal(minor: int) -> Decimal:
    """Return an amount of minor units in major ones, two places."""
    return Decimal(minor).scaleb(-2)


def share(minor: int, part: int, whole: int) -> int:
    """Return `minor * part / whole`, rounded half away from zero."""
    top = abs(minor) * part * 2 + whole
    return top // (2 * whole) * (1 if minor >= 0 else -1)


@dataclass(eq=False)
class Contact:
    """A person at a customer."""

    id: str
    first: str
    last: str
    email: str | None
    phone: str


@dataclass(eq=False)
class Customer:
    """One company or sole trader. `hubspot` and `stripe` hold what one vendor has otherwise."""

    id: str  # HubSpot's company id
    stripe_id: str
    name: str
    country: Country
    tax_id: str
    tax_id_typed: str
    email: str
    phone: str
    street: str
    city: str
    region: str
    postcode: str
    domain: str
    account: str
    terms: int
    payer: str  # "stripe" | "bank"
    delay: int  # days after the due date that this customer usually pays
    owner: int
    offset: int  # of the day it was first seen, counted from today
    contacts: list[Contact] = field(default_factory=list)
    parent: "Customer | None" = None
    in_stripe: bool = False
    hubspot: dict[str, Any] = field(default_factory=dict)
    stripe: dict[str, Any] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        """The currency we invoice this customer in."""
        return self.country.currency


@dataclass(eq=False)
class Line:
    """A line of a deal, quote or invoice: `net` in minor units, `tax` already rounded, `rate` in percent."""

    sku: str | None
    text: str
    quantity: int
    unit: int
    net: int
    rate: int = 0
    discount: int = 0  # percent
    deal: str | None = None

    @property
    def tax(self) -> int:
        """The tax on the line, rounded half up."""
        return share(self.net, self.rate, 100)


@dataclass(eq=False)
class Deal:
    """An opportunity. `tie` says how its invoices can be known: metadata, number, reference or bare."""

    id: str
    title: str
    customer: Customer
    owner: int
    pipeline: str
    stage: str
    status: str
    currency: str
    offset: int  # of the day it was won (or last moved), counted from today: the same whatever today is
    created: date
    lines: list[Line]
    amount: int | None = None
    won: date | None = None
    closes: date | None = None
    reference: str | None = None
    plan: str = "once"
    tie: str = "metadata"
    archived: bool = False
    company_id: str | None = None  # when it hangs on a duplicate of the customer
    invoices: list["Invoice"] = field(default_factory=list)
    told: dict[str, str | None] = field(default_factory=dict)  # write-back properties to overrule
    hubspot: dict[str, Any] = field(default_factory=dict)

    @property
    def net(self) -> int:
        """The sum of the lines, without tax."""
        return sum(line.net for line in self.lines)


@dataclass(eq=False)
class Invoice:
    """A Stripe invoice. `status` is Stripe's; `settled` the day the money came, whatever Stripe was told."""

    id: str
    number: str | None
    customer: Customer
    currency: str
    offset: int  # of the day of issue, counted from today
    issued: date
    due: date
    lines: list[Line]
    status: str = "open"
    kind: str = "once"
    deals: list[Deal] = field(default_factory=list)
    is_sent: bool = True
    metadata: dict[str, str] = field(default_factory=dict)
    custom_fields: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    settled: date | None = None
    credited: int = 0
    stripe: dict[str, Any] = field(default_factory=dict)  # snapshot fields that differ from the customer
    payments: list["Payment"] = field(default_factory=list)

    @property
    def net(self) -> int:
        """The sum of the lines, without tax."""
        return sum(line.net for line in self.lines)

    @property
    def tax(self) -> int:
        """The sum of the lines' taxes."""
        return sum(line.tax for line in self.lines)

    @property
    def gross(self) -> int:
        """What the customer owes."""
        return self.net + self.tax

    @property
    def received(self) -> int:
        """What came for it, whatever Stripe was told."""
        return sum(p.parts[self.id] for p in self.payments)


@dataclass(eq=False)
class Payment:
    """Money that came: through Stripe (`id` of the payment intent) or by transfer (`id` of the bank's entry)."""

    id: str
    method: str
    offset: int
    on: date
    amount: int
    currency: str
    customer: Customer | None
    parts: dict[str, int] = field(default_factory=dict)  # invoice id -> how much of it this settles
    payer: str = ""
    account: str = ""
    style: str = ""  # how the remittance text names the invoice; chosen by chance if empty
    text: str = ""
    structured: str | None = None
    end_to_end: str | None = None
    charge_id: str | None = None
    fee: int = 0
    payout_id: str | None = None
    refunded: int = 0
    told: date | None = None  # when Stripe was told of a transfer (payment_record); None: never


@dataclass(eq=False)
class Payout:
    """What Stripe sent to our bank: several charges less fees and refunds."""

    id: str
    currency: str
    arrives: date
    amount: int
    trace: str
    payments: list[Payment]
    bank_id: str


@dataclass(eq=False)
class CreditNote:
    """A Stripe credit note: `kind` pre_payment or post_payment (then a refund goes with it)."""

    id: str
    number: str
    invoice: Invoice
    on: date
    net: int
    tax: int
    kind: str
    reason: str
    memo: str
    refund_id: str | None = None


@dataclass(eq=False)
class Noise:
    """A bank line that is no customer's money: our rent, salaries, a bank's fee."""

    id: str
    on: date
    amount: int  # negative: it left
    currency: str
    payee: str
    text: str
    code: str


@dataclass
class Company:
    """The whole company: what happened, and what a perfect reconciler would say of it."""

    today: date
    seed: int
    customers: list[Customer] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    payouts: list[Payout] = field(default_factory=list)
    credit_notes: list[CreditNote] = field(default_factory=list)
    noise: list[Noise] = field(default_factory=list)
    accounts: dict[str, str] = field(default_factory=dict)  # currency -> our IBAN
    problems: list[dict[str, Any]] = field(default_factory=list)
    exceptions: list[dict[str, Any]] = field(default_factory=list)
    twins: list[dict[str, Any]] = field(default_factory=list)  # duplicate customers: vendor, id, of, changes

    def planted(self) -> dict[str, Any]:
        """Return what `data/sample/planted.json` holds."""
        return {"seed": self.seed, "problems": self.problems, "exceptions": self.exceptions}

    def day(self, offset: int, snap: bool = True) -> date:
        """Return the day `offset` days from today; on a weekend the Friday before it, if `snap`."""
        day = self.today + timedelta(days=offset)
        return day - timedelta(days=max(0, day.weekday() - 4)) if snap else day


def instant(day: date, key: str, plus: int = 0) -> datetime:
    """Return an instant in office hours of `day` (the same date in UTC and in Madrid), always the same for `key`."""
    minutes = sum(ord(c) * (i + 7) for i, c in enumerate(key)) % 420
    return datetime.combine(day, time(7, 30), UTC) + timedelta(minutes=minutes + plus)
