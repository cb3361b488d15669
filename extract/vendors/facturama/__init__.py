"""Facturama (Mexico, CFDI 4.0): clients, products, issued documents with what was paid on them; stamps and mails them.

Source: apisandbox.facturama.mx/docs (API Web), Facturama's Postman collection (3f84c26) and .NET SDK (fc030d7); what a
        CFDI says: SAT, Anexo 20 and Recepción de Pagos 2.0. Read 2026-11-22, never tried with an account of ours.
Auth:   HTTP Basic, user and password of the account; the sandbox is another host and another account.
Limits: none published; 5 requests a second. Clients and products 100 a page, documents 10 or 100, whatever is asked.
Quirks: there are no drafts: a document that is made is stamped, and thereby issued, and nothing is edited afterwards.
        Nothing says when it changed. A document has no due date and no balance: terms in days make one, receipts of
        payments (type P) settle what is paid later (PPD), and what is paid in one go (PUE) says no more than that.
        Documents know their client by tax id only, and each other by UUID, which is their id here too. The order
        number is absent, not empty, where there is none. `TaxEntity` holds the tax office's passwords: never kept.
        Under the key "_" a document carries its `xml` and the id of its `client`.
"""

from collections.abc import Mapping
from typing import ClassVar

from extract.vendor import Option
from extract.vendors.facturama.account import VERSION
from extract.vendors.facturama.invoices import Invoices


class Facturama(Invoices):
    """The books of a company in Mexico: what was stamped, and what was paid on it."""

    title = "Facturama"
    kind = "billing"
    api_version = VERSION
    base_url = "https://api.facturama.mx"
    auth_kind = "password"
    needs = ("FACTURAMA_USER", "FACTURAMA_PASSWORD")
    steps = (
        "In Facturama use the user and password of the account that issues (API Web). The sandbox is an account of its "
        "own: begin there, with the address https://apisandbox.facturama.mx under Options.",
        "Load the company's certificates (CSD) in Facturama, and see that products carry the tax office's codes.",
        "Under Options choose the codes for what is not in the catalogue, and how credit notes are settled.",
        "Documents that are made in Facturama are issued at once and reported to the tax office: there are no drafts.",
    )
    options = (
        Option("pue_is_paid", "whether what is billed as paid in one go (PUE) counts as paid: yes or no", "yes"),
        Option("company_regime", "fiscal regime of new clients that are companies", "601"),
        Option("person_regime", "fiscal regime of new clients that are persons", "612"),
        Option("cfdi_use", "use of the CFDI for new clients", "G03"),
        Option("product_code", "tax office's code of what is not in the catalogue; blank: such is refused"),
        Option("unit_code", "tax office's code of its unit", "E48"),
        Option("unit", "name of its unit", "Unidad de servicio"),
        Option("tax_rate", "VAT of products that are made, in percent", "16"),
        Option("series", "series of documents; blank: as the account has it"),
        Option("expedition_place", "postcode where documents are issued; blank: as the account has it"),
        Option("credit_form", "tax office's code of how credit notes are settled, such as 03, 15 or 17"),
        Option("reread_days", "days of documents that are read again once a day", "60"),
        Option("requests_per_second", "pace of this account", "5"),
    )
    obstacles: ClassVar[Mapping[str, str]] = {
        "no_rfc": "Facturama makes no client without a tax id (RFC): fill it in.",
        "no_proforma": "Facturama has no drafts, and so no pro-forma: whatever is made there is issued and reported to "
        "the tax office at once.",
        "negative": "A CFDI has no negative lines, so this cannot be taken off: {lines}. Bill the rest as parts of a "
        "plan, or issue it in Facturama.",
        "dated": "The tax office takes no document dated {day}: at most three days back, and none ahead. Make the "
        "preview anew.",
        "fx": "A CFDI in {currency} needs its rate in MXN: get the day's exchange rates, and set the company's "
        "currency to MXN.",
        "series": "The series {series} has signs that the tax office refuses: use letters and digits only.",
        "no_credit_form": "Say how credit notes are settled (03 transfer, 15 forgiven, 17 set off …) in the options of "
        "the connection to Facturama.",
        "no_product_code": "Not in Facturama's catalogue with a code of the tax office: {lines}. Add it there, or "
        "choose a code for such lines in the options of the connection.",
        "no_regime": "In Facturama {name} has no fiscal regime or no postcode: fill them in there, as the tax office "
        "has them.",
        "no_place": "Facturama does not say where documents are issued: fill in the place there, or its postcode in "
        "the options of the connection.",
    }
    reads = ("customers", "products", "invoices", "lines", "payments", "allocations")
    writes = ("create_customer", "update_customer", "create_product", "update_product", "create_invoice",
              "send_invoice", "create_credit_note")  # fmt: skip
    rate = (5, 1.0)
    drafts = False
    negative_lines = False
    settles = 120.0  # a stamp may take that long to show in the list
    presets: ClassVar[Mapping[str, str]] = {
        "tax_id_property": "taxpayer_identification_number", "other_id_property": "in_facturama"
    }  # fmt: skip
    evidence = "replayed exchanges made from the vendor's documents; a server on this machine; never a real account"
