"""What Stripe is sent for the draft of an invoice or credit note: its form, lines, tax rates and discounts."""

import datetime as dt
from decimal import Decimal
from typing import Any

from extract.model import InvoiceDraft, LineDraft
from extract.values import minor, plain
from extract.vendor import Item, Refused
from extract.vendors.stripe.objects import Objects


class Drafts(Objects):
    """Forms of drafts; tax rates and coupons that the account lacks are made."""

    def _invoice_form(self, draft: InvoiceDraft) -> dict[str, Any]:
        today = self.now().astimezone(self.zone).date()
        return {
            "customer": draft.customer_id,
            "collection_method": "send_invoice",
            "currency": draft.currency.lower(),
            "due_date": self._at(draft.due_on, dt.time(23, 59, 59)),
            "effective_at": None if draft.issued_on == today else self._at(draft.issued_on, dt.time(12)),
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "description": draft.message,
            "custom_fields": self._printed(draft) or None,
            "metadata": {
                self.chosen["deal_metadata_key"]: draft.deal_id,
                "cuadra_key": draft.key,
                "cuadra_kind": draft.kind,
                "cuadra_lines": len(draft.lines),
                "cuadra_series": draft.series,
                "cuadra_fx_rate": draft.fx_rate,
            },
        }

    def _printed(self, draft: InvoiceDraft) -> list[Item]:
        """Return the fields printed beside Stripe's own: the order's number, what the currency is worth."""
        found = {self.chosen["reference_label"]: draft.deal_reference or ""}
        if draft.fx_rate is not None:
            rate = f"1 {draft.currency} = {plain(draft.fx_rate)} {draft.fx_into}"
            found[self.chosen["fx_label"]] = f"{rate} ({draft.fx_source})" if draft.fx_source else rate
        return [{"name": name, "value": value[:140]} for name, value in found.items() if value]

    def _at(self, day: dt.date, time_of_day: dt.time) -> int:
        """Return Unix seconds of an hour in the company's zone: late for a due day, so that it is not over at noon."""
        return int(dt.datetime.combine(day, time_of_day, self.zone).timestamp())

    def _line_form(self, draft: InvoiceDraft, line: LineDraft, invoice: str, at: int) -> dict[str, Any]:
        whole = line.quantity == line.quantity.to_integral_value()
        return {
            "customer": draft.customer_id,
            "invoice": invoice,
            "description": line.description,
            "currency": draft.currency.lower(),
            ("quantity" if whole else "quantity_decimal"): line.quantity,
            "unit_amount_decimal": minor(line.unit_price, draft.currency),
            "tax_rates": self._tax_rate_of(line),
            "discounts": self._discount(line.discount_rate),
            "metadata": {"cuadra_line": at, "sku": line.sku},
        }

    def _credit_line(self, line: LineDraft, currency: str) -> dict[str, Any]:
        plain_line = line.quantity == line.quantity.to_integral_value() and not line.discount_rate
        unit = minor(line.unit_price if plain_line else line.net, currency)
        return {
            "type": "custom_line_item",
            "description": line.description,
            "quantity": line.quantity if plain_line else 1,
            ("unit_amount" if unit == unit.to_integral_value() else "unit_amount_decimal"): unit,
            "tax_rates": self._tax_rate_of(line),
        }

    def _tax_rate_of(self, line: LineDraft) -> list[str] | None:
        """Return the id of Stripe's tax rate for a line, made once where the account has none of that percentage."""
        if line.tax_code and line.tax_code.startswith("txr_"):
            return [line.tax_code]
        if line.tax_rate is None:
            return None
        name, percentage = self.chosen["tax_name"], plain(line.tax_rate)
        fits = [
            r
            for r in self._list("tax_rates", active="true", inclusive="false")
            if Decimal(r["percentage"]) == line.tax_rate
        ]
        if not fits:
            values = {"display_name": name, "percentage": percentage, "inclusive": False}
            fits = [self._post("/v1/tax_rates", values, f"cuadra:tax_rate:{name}:{percentage}")]
        fits.sort(key=lambda r: r["display_name"] != name)
        return [fits[0]["id"]]

    def _discount(self, rate: Decimal) -> list[Item] | None:
        """Return a discount in percent as Stripe takes it: by a coupon, made once for each percentage."""
        if not rate:
            return None
        coupon = f"cuadra-{plain(rate)}-percent"
        try:
            values = {"id": coupon, "percent_off": rate, "duration": "forever", "name": f"{plain(rate)} %"}
            self._post("/v1/coupons", values, f"cuadra:coupon:{plain(rate)}")
        except Refused as error:
            if "resource_already_exists" not in str(error):
                raise
        return [{"coupon": coupon}]


def net_of(line: LineDraft, currency: str) -> int:
    """Return what a line comes to without tax, in whole minor units."""
    return int(minor(line.net_in(currency), currency))


def gross_of(line: LineDraft, currency: str) -> int:
    """Return what a line comes to with its tax, in whole minor units."""
    return net_of(line, currency) + int(minor(line.tax_in(currency), currency))
