"""The planted problems of customer records: data missing or not valid, and the same customer entered twice."""

from extract.sandbox import identifiers
from extract.sandbox.books import Customer
from extract.sandbox.customers import FIRST_COMPANY_ID, slug
from extract.sandbox.planted import Planter, stripe
from extract.sandbox.trade import copies
from extract.sandbox.world import FRANCE, GERMANY, MEXICO, POLAND, SPAIN, STATES, Country

TWINS_FROM = FIRST_COMPANY_ID + 900_000


def customer_data_invalid(planter: Planter) -> None:
    """Plant customers that lack a tax id, an address or an e-mail, or have a tax id that fails its own check."""

    def trading(country: Country, offset: int) -> Customer:
        return planter.paid(offset, country)[1].customer

    def incomplete(customer: Customer, lacks: str) -> None:
        for invoice in (i for i in planter.company.invoices if i.customer is customer):
            note = f"issued without the customer's {lacks}"
            planter.plant("invoice_incomplete", invoice, invoice.gross, invoice.currency, note)

    def plant(customer: Customer, in_stripe: bool, note: str) -> None:
        row = stripe(customer) if in_stripe else customer
        planter.plant("customer_data_invalid", row, 0, customer.currency, note)

    for country, offset in ((SPAIN, -51), (POLAND, -160)):
        customer = trading(country, offset)
        customer.hubspot["tax_id"] = None
        plant(customer, False, "no tax id in the CRM (billing has one)")
    for country, offset, wrong in ((SPAIN, -80, "check"), (POLAND, -140, "check"), (MEXICO, -95, "short")):
        customer = trading(country, offset)
        good = customer.tax_id
        bad = good[:-1] if wrong == "short" else good[:-2] + str((int(good[-2]) + 1) % 10) + good[-1]
        if identifiers.is_valid_tax_id(country.code, bad):
            raise ValueError(f"{bad} was meant to be invalid")
        customer.tax_id = customer.tax_id_typed = bad
        for in_stripe in (False, True):
            reason = "one character too short" if wrong == "short" else "fails its check digit"
            plant(customer, in_stripe, f"tax id {bad} {reason}, in the CRM and in billing alike")
    customer = trading(FRANCE, -62)
    customer.stripe["tax_id"] = None
    plant(customer, True, "no tax id in billing (the CRM has one)")
    incomplete(customer, "tax id")
    customer = trading(SPAIN, -106)
    customer.stripe["email"] = None
    plant(customer, True, "no e-mail in billing (the CRM has one)")
    customer = trading(GERMANY, -190)
    customer.stripe |= dict.fromkeys(("street", "city", "region", "postcode"))
    plant(customer, True, "no address in billing but the country (the CRM has it)")
    incomplete(customer, "address")
    customer = trading(STATES, -134)
    customer.hubspot |= dict.fromkeys(("street", "city", "region", "postcode"))
    plant(customer, False, "no address in the CRM but the country (billing has it)")


def duplicate_customers(planter: Planter) -> None:
    """Plant second records of customers: in the CRM with a deal hanging on them, in billing with an invoice."""
    company, trade = planter.company, planter.trade
    crm = [
        (SPAIN, -70, lambda c: {"name": c.name.upper(), "tax_id_typed": f"ES {c.tax_id}"},
         "in capitals, tax id with prefix"),
        (FRANCE, -120, lambda c: {"name": identifiers.plain(c.name), "tax_id_typed": f"FR{c.tax_id}"},
         "without accents"),
        (POLAND, -165, lambda c: {"name": c.name.replace("sp. z o.o.", "Sp. z o. o.") + " (biuro)"}, "another office"),
        (SPAIN, -230, lambda c: {"name": c.name.split(" S")[0], "tax_id_typed": f"{c.tax_id[0]}-{c.tax_id[1:]}"},
         "without its legal form, tax id with a dash"),
    ]  # fmt: skip
    for number, (country, offset, changes, how) in enumerate(crm):
        customer = planter.paid(offset, country)[1].customer
        second = trade.deal(customer, offset + 25)
        invoice = trade.invoice([second], offset + 26, copies(second.lines, second))
        trade.pay(invoice, offset + 40)
        second.company_id = str(TWINS_FROM + number * 41)
        company.twins.append(
            {"vendor": "hubspot", "id": second.company_id, "of": customer, "changes": changes(customer)}
        )
        row = {"subject": "customers", "vendor": "hubspot", "id": second.company_id}
        note = f"the same company entered again, {how}; one of its deals hangs on the second record"
        planter.plant("duplicate_customers", row, 0, customer.currency, note, customer)
    for country, offset, how in (
        (SPAIN, -78, "same tax id and e-mail"),
        (GERMANY, -144, "same tax id, name in capitals"),
    ):
        customer = planter.paid(offset, country)[1].customer
        second = trade.deal(customer, offset + 30)
        invoice = trade.invoice([second], offset + 31, copies(second.lines, second))
        trade.pay(invoice, offset + 50)
        twin_id = "cus_" + "".join(planter.rng.choices(identifiers.BASE62, k=14))
        changes_made = {"name": customer.name.upper()} if "capitals" in how else {}
        company.twins.append({"vendor": "stripe", "id": twin_id, "of": customer, "changes": changes_made})
        invoice.stripe["customer"] = twin_id
        row = {"subject": "customers", "vendor": "stripe", "id": twin_id}
        note = f"entered again in billing ({how}); one invoice went to the second record"
        planter.plant("duplicate_customers", row, 0, customer.currency, note, stripe(customer))


def namesakes(planter: Planter) -> list[tuple[Customer, Customer]]:
    """Return pairs of customers that share a name but are two companies: other form, tax id, city and domain."""
    pairs = []
    for country, offset, forms in ((SPAIN, -59, ("S.L.", "S.A.")), (POLAND, -99, ("sp. z o.o.", "S.A."))):
        one, other = planter.paid(offset, country)[1].customer, planter.paid(offset - 33, country)[1].customer
        stem = one.name
        for form in country.forms:
            stem = stem.removesuffix(form).strip()
        one.name, other.name = f"{stem} {forms[0]}", f"{stem} {forms[1]}"
        other.city, other.region, other.postcode = next(c for c in country.cities if c[0] != one.city)
        other.domain = f"{slug(stem)}-{slug(other.city)}.example"
        for contact in other.contacts:
            contact.email = f"{(contact.email or '').split('@')[0]}@{other.domain}"
        other.email = other.contacts[0].email or ""
        for customer in (one, other):
            for deal in (d for d in planter.company.deals if d.customer is customer):
                deal.title = f"{deal.lines[0].text} – {stem}"
            for payment in (p for p in planter.company.payments if p.customer is customer):
                payment.payer = identifiers.plain(customer.name).upper()
        pairs.append((one, other))
    return pairs
