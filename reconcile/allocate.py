"""How much of which payment settles which invoice, once it is known that they belong together.

No payment gives more than it is, no invoice takes more than it is. Money that billing merely recorded and money that a
bank or gateway saw are two views of the same money, so an invoice may be settled once in each view.
"""

import datetime as dt
from array import array
from collections.abc import Iterable, MutableSequence
from typing import Any, NamedTuple

from reconcile.rates import NEAR, Rates

Amounts = MutableSequence[int]  # by the rows' numbers

CENT = 100
CENTS = 500  # five cents: rounding and nothing else
FEE = 400_000  # most that banks on the way keep of a transfer
FEE_STEP = 5_000  # fees are round: multiples of a half
FEE_SHARE = 0.1  # and never more of it than this
WITHHELD = (
    0.15,
    0.07,
    0.19,
    0.20,
    0.02,
    0.01,
)  # shares of the net that customers of some countries keep for the tax office
DISCOUNT = (0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05)  # usual discounts for paying early
USUAL_PARTS = (1 / 2, 1 / 3, 1 / 4, 0.3, 0.4, 0.6, 0.7)
MOST_KEPT = 0.21  # no withheld tax, discount or fee is more of an invoice than this
WITH_FEE = ("card", "gateway")  # methods of payment whose gateway keeps a fee
GATEWAY = (
    (0.014, 2_500),
    (0.015, 2_500),
    (0.029, 3_000),
    (0.029, 2_500),
    (0.025, 2_500),
    (0.012, 2_500),
    (0.034, 3_500),
)


class Given(NamedTuple):
    """One payment that goes to one invoice: how much of it, and how much more it settles because others kept it."""

    payment: int
    invoice: int
    amount: int
    kept: int


class Purse:
    """What is left of each payment and of each invoice by number, in ten-thousandths of their currencies.

    `told` is what is left of each invoice in billing's own view, where billing records payments made elsewhere.
    """

    def __init__(self, payments: Iterable[int], invoices: Iterable[int]) -> None:
        self.payments = array("q", payments)
        self.invoices = array("q", invoices)
        self.told = array("q", self.invoices)

    def give(
        self, payment: int, invoice: int, most: int | None = None, view: MutableSequence[int] | None = None
    ) -> int:
        """Take what fits from the payment for the invoice, at most `most`, and return it."""
        owed = self.invoices if view is None else view
        amount = max(min(self.payments[payment], owed[invoice]), 0)
        if most is not None:
            amount = min(amount, most)
        self.payments[payment] -= amount
        owed[invoice] -= amount
        return amount


def kept_back(amount: int, owed: int, net_share: float) -> int:
    """Return what was plausibly kept back where `amount` came for `owed`; 0 where it looks like a part payment.

    net_share: net / gross of the invoice, since tax is withheld from the net.
    """
    missing = owed - amount
    if missing <= 0 or missing > MOST_KEPT * owed + FEE:  # most calls end here: a part payment leaves far more open
        return 0
    if missing <= CENTS:
        return missing
    if missing % FEE_STEP == 0 and missing <= FEE and missing <= FEE_SHARE * owed:
        return missing
    net = owed * net_share
    usual = (
        any(abs(missing - net * rate) <= 200 for rate in WITHHELD)
        or any(abs(missing - owed * rate) <= 200 for rate in DISCOUNT)
        or any(abs(missing - owed * rate - fix) <= 200 for rate, fix in GATEWAY)
    )
    return missing if usual else 0


def _kept_of_part(amount: int, gross: int) -> int:
    """Return what a card gateway kept of a usual part of an invoice; 0 where it is no such part less a fee."""
    for share in USUAL_PARTS:
        part = gross * share
        if amount < part < amount * 1.05 + 3_500:
            for rate, fix in GATEWAY:
                if abs(part * (1 - rate) - fix - amount) <= 200:
                    return round(part) - amount
    return 0


class Named(NamedTuple):
    """A payment and an invoice that belong together, before anybody knows how much of the one is for the other."""

    payment: int
    invoice: int
    told: int | None  # how much a vendor or a person said
    net_share: float
    amount: int
    paid_in: str
    currency: str
    paid_on: dt.date | None
    recorded: bool
    names: int  # how many invoices the payment names
    gross: int
    method: str | None
    credited: int  # what credit notes took from the invoice before it was paid


def settle_named(links: Iterable[tuple[Any, ...]], purse: Purse, rates: Rates) -> list[Given]:
    """Return what each payment gives to the invoices it names, in the invoice's currency.

    links: the columns of `Named`, in order of time. A payment for one invoice settles it even where a fee, discount or
    withheld tax is missing; one for several gives each what its credit notes left of it. Without a rate, money of
    another currency settles nothing.
    """
    return [_given(Named(*link), purse, rates) for link in links]


def _given(link: Named, purse: Purse, rates: Rates) -> Given:
    owed = purse.told if link.recorded else purse.invoices
    if link.amount < 0 or (link.told or 0) < 0:
        back = link.amount if link.told is None else link.told  # money going back: the invoice may be paid again
        owed[link.invoice] = min(owed[link.invoice] - back, max(link.gross, owed[link.invoice]))
        return Given(link.payment, link.invoice, back, 0)
    if link.paid_in != link.currency:
        return Given(link.payment, link.invoice, _converted(link, owed, purse, rates), 0)
    most = link.told
    if most is None and link.names > 1 and link.credited:
        most = max(owed[link.invoice] - link.credited, 0)
    amount = purse.give(link.payment, link.invoice, most, owed)
    kept = 0
    if link.names == 1 and link.told is None and amount and not purse.payments[link.payment]:
        kept = kept_back(amount, amount + owed[link.invoice] - link.credited, link.net_share)
        if not kept and link.method in WITH_FEE:
            kept = min(_kept_of_part(amount, link.gross), owed[link.invoice])
        owed[link.invoice] -= kept
    return Given(link.payment, link.invoice, amount, kept)


def _converted(link: Named, owed: Amounts, purse: Purse, rates: Rates) -> int:
    """Return how much a payment in another currency settles; what is within the reach of rates is settled in full."""
    open_amount = owed[link.invoice]
    rate = rates.rate(link.paid_in, link.currency, link.paid_on) if link.paid_on else None
    if link.told is not None:
        amount = min(link.told, open_amount)
    elif rate is None:
        return 0
    else:
        worth = round(purse.payments[link.payment] * rate / CENT) * CENT
        amount = open_amount if abs(worth - open_amount) <= NEAR * open_amount else min(worth, open_amount)
    owed[link.invoice] -= amount
    used = round(amount / rate) if rate else purse.payments[link.payment]
    purse.payments[link.payment] = 0 if link.names == 1 else max(purse.payments[link.payment] - used, 0)
    return amount
