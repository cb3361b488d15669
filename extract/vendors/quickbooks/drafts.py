"""What QuickBooks is sent for the draft of an invoice or credit note, and what in the company stands in its way."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from typing import Any

from extract.model import CustomerDraft, InvoiceDraft, LineDraft
from extract.values import coins, plain, tax_id
from extract.vendor import Hindrance, Item, Refused
from extract.vendors.quickbooks.account import VERSION, custom_numbers, home_currency
from extract.vendors.quickbooks.customers import Customers
from extract.vendors.quickbooks.objects import INACTIVE_TOO, KEY, noted, quoted, ref, with_noted
from extract.vendors.quickbooks.reading import rate_of
from extract.vendors.quickbooks.rows_lines import TAXED, UNTAXED

_SOLD = ("Service", "NonInventory", "Inventory")
Products = dict[str | None, str]  # SKU → id of the product; None → of the one for all other lines
Codes = dict[Decimal, dict[str, str]]  # rate in percent → id → name of the tax codes that have it


class Drafts(Customers):
    """Bodies of documents. Whatever a line needs is looked for first: what lacks is told before anything is sent."""

    _remembered: dict[Any, Any] | None = None  # what was asked for while we remember, by question

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Ask once, while this lasts, for settings, products and tax codes."""
        self._remembered = {}
        try:
            yield
        finally:
            self._remembered = None

    def _asked(self, question: Any, ask: Callable[[], Any]) -> Any:
        if self._remembered is None:
            return ask()
        if question not in self._remembered:
            self._remembered[question] = ask()
        return self._remembered[question]

    def hindrances(self, draft: Any) -> tuple[Hindrance, ...]:
        """Return what in the company stands in the way of this customer, invoice or credit note, by asking."""
        if isinstance(draft, CustomerDraft):
            return (*self._about_name(draft), *self._about_terms(draft))
        if not isinstance(draft, InvoiceDraft):
            return ()
        return tuple(self._hindrances(draft, self._products(draft.lines), self._codes(draft.lines)))

    def _hindrances(self, draft: InvoiceDraft, products: Products, codes: Codes) -> list[Hindrance]:
        preferences, found = self._asked("preferences", self._preferences), list[Hindrance]()
        if custom_numbers(preferences):
            found.append(Hindrance("custom_numbers"))
        if draft.series:
            found.append(Hindrance("series", {"series": draft.series}))
        if draft.kind == "proforma":
            found.append(Hindrance("pro_forma"))
        found += self._about_currency(draft, preferences)
        if lacking := [line.description for line in draft.lines if products.get(line.sku) is None]:
            found.append(Hindrance("product", {"lines": ", ".join(lacking)}))
        found += _about_tax(draft.lines, codes)
        if self._is_american and any(line.tax_rate for line in draft.lines):
            found.append(Hindrance("sales_tax", stops=False))
        return found

    def _about_name(self, draft: CustomerDraft) -> tuple[Hindrance, ...]:
        """Return that a name is taken, by a supplier, an employee, or a customer that is not the one of this draft."""
        where = f"DisplayName = {quoted(draft.name)} and {INACTIVE_TOO}"
        for item in self._all("Customer", where):
            notes = noted(item.get("Notes"))
            ours = notes.get(KEY) == draft.key or notes.get(self.chosen["customer_note"]) == draft.other_id
            number = tax_id(draft.tax_id, draft.tax_id_country or draft.country)[0]
            ((_, row),) = self._customer(item)
            if not ours and not (number and row["tax_id"] == number):
                return (Hindrance("name_taken", {"name": draft.name}),)
        others = (item for entity in ("Vendor", "Employee") for item in self._all(entity, where))
        return tuple(Hindrance("name_taken", {"name": draft.name}) for _ in islice(others, 1))

    def _about_terms(self, draft: CustomerDraft) -> list[Hindrance]:
        days = draft.payment_terms_days
        if days is None or self._term(days, strict=False):
            return []
        return [Hindrance("no_terms", {"days": str(days)}, stops=False)]

    def besides(self, draft: Any) -> Mapping[str, str | None]:
        """Return which product stands on lines without one of their own; a customer has no language there."""
        if isinstance(draft, CustomerDraft):
            return {"language": None}
        if isinstance(draft, InvoiceDraft) and any(not line.sku for line in draft.lines):
            return {"product": self.chosen["default_item"].strip() or None}
        return {}

    def _about_currency(self, draft: InvoiceDraft, preferences: Item) -> list[Hindrance]:
        home = home_currency(preferences) or self.account_currency or ""
        several = (preferences.get("CurrencyPrefs") or {}).get("MultiCurrencyEnabled")
        if not several:
            said = {"home": home, "currency": draft.currency}
            return [Hindrance("currency", said)] if home and draft.currency != home else []
        customer = self._one("Customer", draft.customer_id) if draft.customer_id else {}
        theirs = ref(customer, "CurrencyRef") or home
        said = {"theirs": theirs, "currency": draft.currency, "home": home}
        if theirs != draft.currency:
            return [Hindrance("customer_currency", said)]
        no_rate = draft.currency != home and (draft.fx_rate is None or draft.fx_into != home)
        return [Hindrance("fx", said)] if no_rate else []

    def _free(self, draft: InvoiceDraft) -> tuple[Products, Codes]:
        """Return what the lines need. Raises Refused, before anything is sent, where something stands in the way."""
        products, codes = self._products(draft.lines), self._codes(draft.lines)
        if found := [one for one in self._hindrances(draft, products, codes) if one.stops]:
            said = [self.obstacles[h.code].format(vendor=self.title, **h.values) for h in found]
            raise Refused(self.name, " ".join(said), 400)
        return products, codes

    def _body(self, draft: InvoiceDraft, notes: dict[str, str | None]) -> dict[str, Any]:
        """Return the body of a document. Raises Refused as `_free` does."""
        products, codes = self._free(draft)
        customer = self._one("Customer", draft.customer_id)
        memo = [draft.message, draft.deal_reference and f"{self.chosen['reference_label']}: {draft.deal_reference}"]
        if draft.fx_rate is not None:
            worth = f"1 {draft.currency} = {plain(draft.fx_rate)} {draft.fx_into}"
            memo.append(f"{worth} ({draft.fx_source})" if draft.fx_source else worth)
        marks = {self.chosen["deal_note"]: draft.deal_id, KEY: draft.key, **notes}
        lines = [
            body
            for line in draft.lines
            for body in _lines(line, draft.currency, products[line.sku], _code(line, codes))
        ]
        currency = ref(customer, "CurrencyRef")
        body: dict[str, Any] = {
            "CustomerRef": {"value": draft.customer_id},
            "TxnDate": draft.issued_on.isoformat(),
            "Line": lines,
            "PrivateNote": with_noted("", marks),
            "CustomerMemo": {"value": "\n".join(filter(None, memo))},
            "BillEmail": customer.get("PrimaryEmailAddr"),
            "GlobalTaxCalculation": None if self._is_american else "TaxExcluded",
            "CurrencyRef": {"value": currency} if currency else None,
            "ExchangeRate": draft.fx_rate,
        }
        return {name: value for name, value in body.items() if value not in (None, {"value": ""})}

    def _products(self, lines: Iterable[LineDraft]) -> Products:
        """Return the product of each SKU among the lines, and under None the one for all others, where there are."""
        found: Products = {}
        if name := self.chosen["default_item"].strip():
            for item in self._sold("Name", name)[:1]:
                found[None] = item["Id"]
        for sku in {line.sku for line in lines if line.sku}:
            same = self._sold("Sku", sku)
            if same or None in found:
                found[sku] = same[0]["Id"] if same else found[None]
        return found

    def _sold(self, field: str, text: str) -> list[Item]:
        where = f"{field} = {quoted(text)}"
        found: list[Item] = self._asked(("Item", where), lambda: list(self._all("Item", where)))
        return [item for item in found if item.get("Type") in _SOLD]

    def _codes(self, lines: Iterable[LineDraft]) -> Codes:
        """Return the tax codes that could stand on the lines, with their names, by rate."""
        wanted = {line.tax_rate for line in lines if line.tax_rate is not None and not line.tax_code}
        if self._is_american:  # the rate hangs on the address there: a line is only taxed, or not
            return {rate: {TAXED if rate else UNTAXED: ""} for rate in wanted}
        found: Codes = {rate: {} for rate in wanted}
        known = self._asked("rates", lambda: list(self._all("TaxRate", INACTIVE_TOO))) if wanted else []
        rates = {str(rate["Id"]): rate for rate in known}
        for code in self._asked("codes", lambda: list(self._all("TaxCode"))) if wanted else ():
            rate = rate_of(code, rates)
            if rate is not None and rate in found:
                found[rate][str(code["Id"])] = code["Name"]
        return found

    @property
    def _is_american(self) -> bool:
        """Whether the company is in the US; asked once, for that never changes."""
        if self._country is None:
            path = self._at(f"companyinfo/{self.realm}")
            self._country = self.get(path, minorversion=VERSION)["CompanyInfo"].get("Country") or ""
        return self._country in ("US", "USA")

    _country: str | None = None


def _about_tax(lines: Iterable[LineDraft], codes: Codes) -> list[Hindrance]:
    found = []
    for rate, known in codes.items():
        of = ", ".join(line.description for line in lines if line.tax_rate == rate and not line.tax_code)
        said = {"rate": plain(rate), "lines": of}
        if not known:
            found.append(Hindrance("tax_code", said))
        elif len(known) > 1:
            found.append(Hindrance("tax_codes", said | {"codes": ", ".join(known.values())}))
    return found


def _code(line: LineDraft, codes: Codes) -> str | None:
    if line.tax_code or line.tax_rate is None:
        return line.tax_code
    return next(iter(codes[line.tax_rate]))


def _lines(line: LineDraft, currency: str, product: str, code: str | None) -> list[Item]:
    """Return a line, and its discount as a line below it: QuickBooks gives none on a line of its own."""
    whole = coins(line.quantity * line.unit_price, currency)
    made = [_line(line.description, line.quantity, line.unit_price, whole, product, code)]
    off = line.net_in(currency) - whole
    if off:
        made.append(_line(f"−{plain(line.discount_rate)} %: {line.description}", Decimal(1), off, off, product, code))
    return made


def _line(text: str, quantity: Decimal, price: Decimal, amount: Decimal, product: str, code: str | None) -> Item:
    detail: Item = {"ItemRef": {"value": product}, "Qty": quantity, "UnitPrice": price}
    if code:
        detail["TaxCodeRef"] = {"value": code}
    return {"Amount": amount, "Description": text[:4000], "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail}  # fmt: skip


def net_of(draft: InvoiceDraft) -> Decimal:
    """Return what the lines of a draft come to without tax."""
    return sum((line.net_in(draft.currency) for line in draft.lines), Decimal(0))
