"""Stripe's writing calls on customers and the catalogue, and what all writes share: ids, events, idempotency."""

import re
import secrets
from typing import Any

from extract.sandbox.identifiers import BASE62
from extract.sandbox.stripe_errors import invalid, missing, no_such, refused
from extract.sandbox.stripe_forms import Form
from extract.sandbox.stripe_read import StripeReader
from extract.sandbox.stripe_shapes import blank_customer
from extract.sandbox.stripe_store import record_event
from extract.sandbox.wire import Call, Reply

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
CURRENCY = re.compile(r"^[a-z]{3}$")
ADDRESS_OF_MAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
TAX_ID_TYPES = """ad_nrt ae_trn ar_cuit au_abn br_cnpj ca_gst_hst ch_vat cl_tin cn_tin co_nit de_stn es_cif
    eu_oss_vat eu_vat gb_vat hk_br hr_oib hu_tin in_gst jp_cn kr_brn mx_rfc no_vat nz_gst pe_ruc pl_nip ro_tin
    si_tin tr_tin tw_vat ua_vat us_ein uy_ruc za_vat"""
CUSTOMER = """address balance business_name cash_balance description email individual_name invoice_prefix
    invoice_settings metadata name next_invoice_sequence payment_method phone preferred_locales shipping source
    tax tax_exempt tax_id_data test_clock validate"""
COUPON = """amount_off applies_to currency duration duration_in_months id max_redemptions metadata name percent_off
    redeem_by"""
PRODUCT = """active default_price_data description id images marketing_features metadata package_dimensions
    shippable statement_descriptor tax_code type unit_label url default_price"""
PRICE = """active billing_scheme currency_options custom_unit_amount lookup_key metadata nickname product
    product_data recurring tax_behavior tiers tiers_mode transfer_lookup_key transform_quantity unit_amount
    unit_amount_decimal"""


class StripeWriter(StripeReader):
    """Reads and writes; every write leaves an event."""

    def new_id(self, prefix: str, size: int = 22) -> str:
        """Return an id that nothing has."""
        return f"{prefix}_1S" + "".join(secrets.choice(BASE62) for _ in range(size))

    def happened(self, event: str, kind: str, row: dict[str, Any], changed: dict[str, Any] | None = None) -> None:
        """Record an event of an object as it is now, and when the search index will know of it."""
        row["_written"] = self.clock.now().timestamp()
        record_event(self.books, event, self.shown(kind, row), self.clock.unix(), changed)

    def customer_named(self, customer_id: str | None, param: str = "customer") -> dict[str, Any]:
        """Return the customer a parameter names."""
        row = self.books.objects["customers"].get(customer_id or "")
        if row is None:
            raise no_such("customer", str(customer_id), param)
        return row

    # -- customers ---------------------------------------------------------------------------------------------

    def create_customer(self, call: Call) -> Reply:
        """`POST /v1/customers`."""
        form = Form(call.body, CUSTOMER)
        row = blank_customer("cus_" + "".join(secrets.choice(BASE62) for _ in range(14)), self.clock.unix())
        self._customer(row, form)
        wanted = [(str(t.get("type", "")), str(t.get("value", ""))) for t in form.rows("tax_id_data")]
        for kind, _ in wanted:
            self._known_type(kind, "tax_id_data[0][type]")
        self.books.add("customers", row)
        for kind, value in wanted:
            self._tax_id(row, kind, value)
        self.happened("customer.created", "customers", row)
        return Reply(200, self.shown("customers", row, form.expansions()))

    def update_customer(self, call: Call) -> Reply:
        """`POST /v1/customers/{id}`."""
        form, row = Form(call.body, CUSTOMER), self.found("customers", call.path["id"])
        if "tax_id_data" in form:
            raise invalid("tax_id_data", "Received unknown parameter: tax_id_data", "parameter_unknown")
        before = {k: row[k] for k in form.values if k in row}
        self._customer(row, form)
        self.happened("customer.updated", "customers", row, before)
        return Reply(200, self.shown("customers", row, form.expansions()))

    def _customer(self, row: dict[str, Any], form: Form) -> None:
        mail = form.text("email")
        if mail and not ADDRESS_OF_MAIL.match(mail):
            raise invalid("email", f"Invalid email address: {mail}", "email_invalid")
        changed: dict[str, Any] = {
            name: form.text(name)
            for name in ("name", "email", "phone", "description", "business_name", "individual_name")
            if name in form
        }
        if "address" in form:
            given = form.table("address")
            old = row["address"] or dict.fromkeys(ADDRESS)
            changed["address"] = old | {k: given[k] or None for k in ADDRESS if k in given} if given else None
        if "preferred_locales" in form:
            changed["preferred_locales"] = form.rows("preferred_locales")
        if "tax_exempt" in form:
            changed["tax_exempt"] = form.choice("tax_exempt", ("exempt", "none", "reverse")) or "none"
        if "invoice_settings" in form:
            changed["invoice_settings"] = row["invoice_settings"] | form.table("invoice_settings")
        changed["metadata"] = form.metadata(row["metadata"])
        row |= changed

    def delete_customer(self, call: Call) -> Reply:
        """`DELETE /v1/customers/{id}`."""
        row = self.found("customers", call.path["id"])
        self.happened("customer.deleted", "customers", row)
        self.books.drop("customers", row["id"])
        self.books.deleted.append(row["id"])
        return Reply(200, {"id": row["id"], "object": "customer", "deleted": True})

    def _known_type(self, kind: str, param: str) -> None:
        if kind not in TAX_ID_TYPES.split():
            raise invalid(param, f"Invalid {param}: must be one of {', '.join(TAX_ID_TYPES.split())}")

    def _tax_id(self, customer: dict[str, Any], kind: str, value: str) -> dict[str, Any]:
        if kind == "eu_vat" and not re.fullmatch(r"[A-Z]{2}[0-9A-Z+*]{2,12}", value.replace(" ", "").upper()):
            raise invalid("value", f"Invalid value for eu_vat: {value}", "tax_id_invalid")
        if not value.strip():
            raise invalid("value", "Invalid tax id: empty", "tax_id_invalid")
        country = value[:2].upper() if kind == "eu_vat" else kind[:2].upper()
        return self.books.add("tax_ids", {
            "id": self.new_id("txi", 14), "object": "tax_id", "country": country, "created": self.clock.unix(),
            "customer": customer["id"],
            "customer_account": None, "livemode": False, "owner": {"type": "customer", "customer": customer["id"]},
            "type": kind,
            "value": value, "verification": {"status": "pending" if kind in ("eu_vat", "gb_vat") else "unavailable",
                                             "verified_address": None, "verified_name": None},
        })  # fmt: skip

    def create_tax_id(self, call: Call) -> Reply:
        """`POST /v1/customers/{id}/tax_ids`."""
        form, customer = Form(call.body, "", "type value"), self.found("customers", call.path["id"])
        self._known_type(str(form.text("type")), "type")
        row = self._tax_id(customer, str(form.text("type")), str(form.text("value")))
        self.happened("customer.tax_id.created", "tax_ids", row)
        return Reply(200, self.shown("tax_ids", row))

    def tax_id(self, call: Call) -> Reply:
        """`GET /v1/customers/{id}/tax_ids/{tax_id}`."""
        return Reply(200, self.shown("tax_ids", self._own_tax_id(call)))

    def _own_tax_id(self, call: Call) -> dict[str, Any]:
        if call.path["tax_id"] not in self.books.tax_ids.get(call.path["id"], ()):
            raise missing("tax_id", call.path["tax_id"])
        return self.books.objects["tax_ids"][call.path["tax_id"]]

    def delete_tax_id(self, call: Call) -> Reply:
        """`DELETE /v1/customers/{id}/tax_ids/{tax_id}`."""
        row = self._own_tax_id(call)
        self.happened("customer.tax_id.deleted", "tax_ids", row)
        self.books.tax_ids[call.path["id"]].remove(row["id"])
        self.books.drop("tax_ids", row["id"])
        return Reply(200, {"id": row["id"], "object": "tax_id", "deleted": True})

    # -- catalogue ---------------------------------------------------------------------------------------------

    def create_product(self, call: Call) -> Reply:
        """`POST /v1/products`."""
        form = Form(call.body, PRODUCT, "name")
        product_id = form.text("id") or f"prod_{self.new_id('p', 12)[4:]}"
        if product_id in self.books.objects["products"]:
            raise refused(400, f"Product already exists: {product_id}", "resource_already_exists", "id")
        now = self.clock.unix()
        row = self.books.add("products", {
            "id": product_id, "object": "product", "active": form.flag("active", True), "created": now,
            "default_price": None,
            "description": form.text("description"), "images": form.rows("images"), "livemode": False,
            "marketing_features": [],
            "metadata": form.metadata({}), "name": form.text("name"), "package_dimensions": None,
            "shippable": form.flag("shippable"),
            "statement_descriptor": None, "tax_code": form.text("tax_code"), "type": "service",
            "unit_label": form.text("unit_label"),
            "updated": now, "url": form.text("url"),
        })  # fmt: skip
        if price := form.table("default_price_data"):
            row["default_price"] = self._price(
                product_id,
                str(price.get("currency", "")),
                price.get("unit_amount") or price.get("unit_amount_decimal"),
                str(price.get("tax_behavior") or ""),
                {},
            )["id"]
        self.happened("product.created", "products", row)
        return Reply(200, self.shown("products", row, form.expansions()))

    def update_product(self, call: Call) -> Reply:
        """`POST /v1/products/{id}`."""
        form, row = Form(call.body, PRODUCT + " name"), self.found("products", call.path["id"])
        before = {k: row[k] for k in form.values if k in row}
        row |= {k: form.text(k) for k in ("name", "description", "unit_label", "url", "default_price") if k in form}
        row |= {
            "metadata": form.metadata(row["metadata"]),
            "updated": self.clock.unix(),
            "active": form.flag("active", row["active"]),
        }
        self.happened("product.updated", "products", row, before)
        return Reply(200, self.shown("products", row, form.expansions()))

    def delete_product(self, call: Call) -> Reply:
        """`DELETE /v1/products/{id}`: only one without prices."""
        row = self.found("products", call.path["id"])
        if any(price["product"] == row["id"] for price in self.books.objects["prices"].values()):
            raise refused(400, "This product cannot be deleted because it has one or more user-created prices.")
        self.happened("product.deleted", "products", row)
        self.books.drop("products", row["id"])
        return Reply(200, {"id": row["id"], "object": "product", "deleted": True})

    def update_price(self, call: Call) -> Reply:
        """`POST /v1/prices/{id}`: archives it or brings it back; amount and currency never change."""
        form, row = (
            Form(call.body, "active metadata nickname lookup_key tax_behavior"),
            self.found("prices", call.path["id"]),
        )
        active = form.flag("active", row["active"])
        product = self.books.objects["products"][row["product"]]
        if not active and product["default_price"] == row["id"]:
            raise refused(400, "This price cannot be archived because it is the default price of its product.")
        row |= {"active": active, "metadata": form.metadata(row["metadata"])}
        self.happened("price.updated", "prices", row)
        return Reply(200, self.shown("prices", row, form.expansions()))

    def create_price(self, call: Call) -> Reply:
        """`POST /v1/prices`."""
        form = Form(call.body, PRICE, "currency")
        product = form.text("product")
        if product not in self.books.objects["products"]:
            raise no_such("product", str(product), "product")
        amount = form.text("unit_amount") or form.text("unit_amount_decimal")
        if amount is None:
            raise invalid(
                "unit_amount", "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set."
            )
        row = self._price(product, str(form.text("currency")), amount, form.text("tax_behavior"), form.metadata({}))
        row |= {"nickname": form.text("nickname"), "lookup_key": form.text("lookup_key")}
        self.happened("price.created", "prices", row)
        return Reply(200, self.shown("prices", row, form.expansions()))

    def _price(
        self, product: str, currency: str, amount: Any, behavior: str | None, metadata: dict[str, str]
    ) -> dict[str, Any]:
        if not CURRENCY.match(currency):
            raise invalid("currency", f"Invalid currency: {currency}.")
        whole = str(amount).isdigit()
        return self.books.add("prices", {
            "id": self.new_id("price"), "object": "price", "active": True, "billing_scheme": "per_unit",
            "created": self.clock.unix(),
            "currency": currency, "custom_unit_amount": None, "livemode": False, "lookup_key": None,
            "metadata": metadata,
            "nickname": None, "product": product, "recurring": None, "tax_behavior": behavior or "unspecified",
            
            "transform_quantity": None, "type": "one_time", "unit_amount": int(amount) if whole else None,
            "unit_amount_decimal": str(amount),
        })  # fmt: skip

    def create_tax_rate(self, call: Call) -> Reply:
        """`POST /v1/tax_rates`."""
        known = "active country description jurisdiction metadata state tax_type"
        form = Form(call.body, known, "display_name inclusive percentage")
        percentage = form.number("percentage") or 0
        if not 0 <= percentage <= 100:
            raise invalid("percentage", "This value must be between 0 and 100.")
        row = self.books.add("tax_rates", {
            "id": self.new_id("txr"), "object": "tax_rate", "active": form.flag("active", True),
            "country": form.text("country"),
            "created": self.clock.unix(), "description": form.text("description"),
            "display_name": form.text("display_name"),
            "effective_percentage": float(percentage), "flat_amount": None, "inclusive": form.flag("inclusive"),
            "jurisdiction": form.text("jurisdiction"), "jurisdiction_level": None, "livemode": False,
            "metadata": form.metadata({}),
            "percentage": float(percentage), "rate_type": "percentage", "state": form.text("state"),
            "tax_type": form.text("tax_type"),
        })  # fmt: skip
        return Reply(200, self.shown("tax_rates", row))

    def create_coupon(self, call: Call) -> Reply:
        """`POST /v1/coupons`: so much per cent or so much money off."""
        form = Form(call.body, COUPON)
        percent, amount = form.number("percent_off"), form.whole("amount_off")
        if (percent is None) == (amount is None):
            raise invalid("percent_off", "You must pass exactly one of percent_off and amount_off.")
        if amount is not None and not form.text("currency"):
            raise invalid("currency", "You must pass currency when passing amount_off.", "parameter_missing")
        coupon_id = form.text("id") or self.new_id("c", 6)[4:]
        if coupon_id in self.books.coupons:
            raise refused(400, "Coupon already exists.", "resource_already_exists", "id")
        self.books.coupons[coupon_id] = row = {
            "id": coupon_id, "object": "coupon", "amount_off": amount, "created": self.clock.unix(),
            "currency": form.text("currency"),
            "duration": form.text("duration") or "once", "duration_in_months": None, "livemode": False,
            "max_redemptions": None,
            "metadata": form.metadata({}), "name": form.text("name"),
            "percent_off": None if percent is None else float(percent),
            "redeem_by": None, "times_redeemed": 0, "valid": True,
        }  # fmt: skip
        return Reply(200, row)

    def coupon(self, call: Call) -> Reply:
        """`GET /v1/coupons/{id}`."""
        if call.path["id"] not in self.books.coupons:
            raise missing("coupon", call.path["id"])
        return Reply(200, self.books.coupons[call.path["id"]])
