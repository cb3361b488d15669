"""How much of which payment settles which invoice, once it is known that they belong together.

No payment gives more than it is, no invoice takes more than it is. Money that billing merely recorded and money that a
bank or gateway saw are two views of the same money, so an invoice may be settled once in each view.
"""

from collections.abc import Iterable
from typing import NamedTuple

CENTS = 500  # five cents: rounding and nothing else
FEE = 400_000  # most that banks on the way keep of a transfer
FEE_SHARE = 0.1  # and never more of it than this
WITHHELD = (0.15, 0.07, 0.19, 0.20, 0.02, 0.01)  # shares of the net that customers of some countries keep for the tax office
DISCOUNT = (0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05)  # usual discounts for paying early
GATEWAY = ((0.014, 2_500), (0.015, 2_500), (0.029, 3_000), (0.029, 2_500), (0.025, 2_500), (0.012, 2_500), (0.034, 3_500))


class Given(NamedTuple):
    """One payment that goes to one invoice: how much of it, and how much more it settles because others kept it."""

    payment: int
    invoice: int
    amount: int
    kept: int


class Purse:
    """What is left of each payment and of each invoice, in ten-thousandths of their currencies."""

    def __init__(self, payments: dict[int, int], invoices: dict[int, int]) -> None:
        self.payments = payments
        self.invoices = invoices

    def give(self, payment: int, invoice: int, most: int | None = None) -> int:
        """Take what fits from the payment for the invoice and return it."""
        amount = max(min(self.payments[payment], self.invoices[invoice], self.payments[payment] if most is None else most), 0)
        self.payments[payment] -= amount
        self.invoices[invoice] -= amount
        return amount


def kept_back(amount: int, owed: int, net_share: float) -> int:
    """Return what was plausibly kept back where `amount` came for `owed`; 0 where it looks like a part payment.

    net_share: net / gross of the invoice, since tax is withheld from the net.
    """
    missing = owed - amount
    if missing <= 0:
        return 0
    if missing <= CENTS:
        return missing
    round_fee = missing % 5_000 <= 0 and missing <= FEE and missing <= FEE_SHARE * owed
    if round_fee:
        return missing
    usual = [owed * net_share * rate for rate in WITHHELD] + [owed * rate for rate in DISCOUNT]
    usual += [owed * rate + fix for rate, fix in GATEWAY]
    return missing if any(abs(missing - each) <= 200 for each in usual) else 0


def settle_named(links: Iterable[tuple[int, int, float]], purse: Purse) -> list[Given]:
    """Return what each payment gives to the invoices it names. links: payment, invoice, net / gross, in order of time.

    A payment for one invoice settles it also where a fee, a discount or withheld tax is missing.
    """
    listed = list(links)
    named: dict[int, int] = {}
    for payment, _, _ in listed:
        named[payment] = named.get(payment, 0) + 1
    given = []
    for payment, invoice, net_share in listed:
        amount = purse.give(payment, invoice)
        kept = 0
        if named[payment] == 1 and amount and not purse.payments[payment]:
            kept = kept_back(amount, amount + purse.invoices[invoice], net_share)
            purse.invoices[invoice] -= kept
        given.append(Given(payment, invoice, amount, kept))
    return given
