"""HubSpot's property definitions, groups and pipelines as this portal has them."""

from typing import Any

STRING, NUMBER, DATE, DATETIME, BOOL = (
    "string/text",
    "number/number",
    "date/date",
    "datetime/date",
    "bool/booleancheckbox",
)
SELECT, AREA = "enumeration/select", "string/textarea"
SINCE = "2023-01-09T08:00:00.000Z"
OWN_GROUP = "reconciliation"
_STAMPS = (("createdate", "Create date", DATETIME), ("hs_object_id", "Record ID", NUMBER))
_MODIFIED = (("hs_lastmodifieddate", "Last modified date", DATETIME), ("hs_createdate", "Object create date", DATETIME))
_OWNER = (("hubspot_owner_id", "Owner", "enumeration/select", "owners"),)
_MERGED = (("hs_merged_object_ids", "Merged record IDs", SELECT, "merged"),)
READ_ONLY = frozenset({
    "createdate", "hs_object_id", "hs_lastmodifieddate", "hs_createdate", "lastmodifieddate", "hs_merged_object_ids",
    "hs_is_closed_won", "hs_is_closed", "amount_in_home_currency",
})  # fmt: skip

SALES_STAGES = (
    ("appointmentscheduled", "Primera reunión", "0.2", "false"), ("qualifiedtobuy", "Cualificado", "0.4", "false"),
    ("presentationscheduled", "Propuesta enviada", "0.6", "false"), ("contractsent", "Ganado – pendiente de firma",
        "0.9", "false"),
    ("closedwon", "Cierre firmado", "1.0", "true"), ("closedlost", "Perdido", "0.0", "true"),
)  # fmt: skip
SERVICE_STAGES = (
    ("139482101", "Solicitud", "0.3", "false"), ("139482102", "En estudio", "0.5", "false"),
    ("139482103", "Oferta", "0.8", "false"), ("139482104", "Contratado", "1.0", "true"), ("139482105", "No sale",
        "0.0", "true"),
)  # fmt: skip


def _pipeline(
    pipeline_id: str, label: str, order: int, stages: tuple[tuple[str, str, str, str], ...]
) -> dict[str, Any]:
    stamps = {"archived": False, "createdAt": SINCE, "updatedAt": SINCE}
    rows = [
        {"id": i, "label": name, "displayOrder": n, "metadata": {"isClosed": closed, "probability": chance},
         "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT"} | stamps
        for n, (i, name, chance, closed) in enumerate(stages)
    ]  # fmt: skip
    return {"id": pipeline_id, "label": label, "displayOrder": order, "stages": rows} | stamps


PIPELINES = [
    _pipeline("default", "Ventas", 0, SALES_STAGES),
    _pipeline("72310455", "Contratos y servicios", 1, SERVICE_STAGES),
]
_ENTERED = tuple(
    (f"hs_v2_date_entered_{s[0]}", f"Date entered {s[1]}", DATETIME) for s in (*SALES_STAGES, *SERVICE_STAGES)
)

# name, label, type/fieldType[, options]
PROPERTIES: dict[str, tuple[tuple[Any, ...], ...]] = {
    "deals": (
        ("dealname", "Deal name", STRING), ("amount", "Amount", NUMBER), ("deal_currency_code", "Currency", SELECT,
         ("EUR", "PLN", "MXN", "USD", "GBP")), ("amount_in_home_currency", "Amount in company currency", NUMBER),
        ("closedate", "Close date", DATETIME), ("dealstage", "Deal stage", "enumeration/radio", "stages"),
        ("pipeline", "Pipeline", SELECT, "pipelines"), ("hs_is_closed_won", "Is closed won", BOOL), ("hs_is_closed",
            "Is closed", BOOL),
        ("description", "Deal description", AREA), ("dealtype", "Deal type", "enumeration/radio", ("newbusiness",
            "existingbusiness")),
        ("deal_reference", "Customer's order", STRING), ("billing_plan", "Billing", SELECT, ("once", "deposit",
            "stages", "recurring")),
        ("cuadra_invoice_number", "Invoice number", STRING), ("cuadra_invoice_status", "Invoice status", STRING),
        ("cuadra_invoiced_amount", "Invoiced amount", NUMBER), ("cuadra_paid_on", "Paid on", DATE),
        *_OWNER, *_MERGED, *_STAMPS, *_MODIFIED, *_ENTERED,
    ),
    "companies": (
        ("name", "Company name", STRING), ("domain", "Domain", STRING), ("phone", "Phone", STRING), ("address",
            "Street", STRING),
        ("address2", "Street 2", STRING), ("city", "City", STRING), ("state", "Region", STRING), ("zip", "Postcode",
            STRING),
        ("country", "Country", STRING), ("website", "Website", STRING), ("description", "Description", AREA), ("nif",
            "NIF / VAT", STRING),
        ("payment_terms_days", "Payment terms, days", NUMBER), ("customer_discount", "Discount, percent", NUMBER),
        ("hs_parent_company_id", "Parent company", NUMBER),
        *_OWNER, *_MERGED, *_STAMPS, *_MODIFIED,
    ),
    "contacts": (
        ("email", "E-mail", STRING), ("firstname", "First name", STRING), ("lastname", "Last name", STRING), ("phone",
            "Phone", STRING),
        ("jobtitle", "Job title", STRING), ("company", "Company name", STRING), ("address", "Street", STRING), ("city",
            "City", STRING),
        ("zip", "Postcode", STRING), ("country", "Country", STRING), ("hs_additional_emails", "Additional e-mails",
            STRING),
        *_OWNER, *_MERGED, *_STAMPS, ("lastmodifieddate", "Last modified date", DATETIME),
    ),
    "line_items": (
        ("name", "Name", STRING), ("description", "Description", AREA), ("quantity", "Quantity", NUMBER), ("price",
            "Unit price", NUMBER),
        ("discount", "Unit discount", NUMBER), ("hs_discount_percentage", "Discount, percent", NUMBER), ("amount",
            "Net price", NUMBER),
        ("hs_sku", "SKU", STRING), ("hs_product_id", "Product ID", NUMBER), ("hs_line_item_currency_code", "Currency",
            STRING),
        ("recurringbillingfrequency", "Billing frequency", SELECT, ("monthly", "quarterly", "annually")),
        ("hs_recurring_billing_period", "Term", STRING), ("hs_tax_rate_group_id", "Tax rate", STRING), ("hs_tax_rate",
            "Tax, percent", NUMBER),
        ("hs_tax_label", "Tax label", STRING), ("hs_position_on_quote", "Position", NUMBER), *_STAMPS, *_MODIFIED,
    ),
    "products": (
        ("name", "Name", STRING), ("description", "Description", AREA), ("price", "Unit price", NUMBER), ("hs_sku",
            "SKU", STRING),
        ("hs_cost_of_goods_sold", "Unit cost", NUMBER), ("hs_recurring_billing_period", "Term", STRING), *_STAMPS,
        *_MODIFIED,
    ),
    "quotes": (
        ("hs_title", "Title", STRING), ("hs_quote_number", "Number", STRING), ("hs_status", "Status", SELECT,
         ("DRAFT", "APPROVAL_NOT_NEEDED", "PENDING_APPROVAL", "APPROVED", "REJECTED", "ACCEPTED")), ("hs_quote_amount",
         "Amount", NUMBER),
        ("hs_currency", "Currency", STRING), ("hs_expiration_date", "Expires", DATE), ("hs_quote_link", "Link", STRING),
        ("hs_template_type", "Template", SELECT, ("CUSTOMIZABLE_QUOTE_TEMPLATE", "CPQ_QUOTE")),
        ("hs_pdf_download_link", "PDF", STRING), ("hs_esign_date", "Signed", DATETIME), *_STAMPS, *_MODIFIED,
    ),
    "tasks": (
        ("hs_timestamp", "Due date", DATETIME), ("hs_task_subject", "Title", STRING), ("hs_task_body", "Notes", AREA),
        ("hs_task_status", "Status", SELECT, ("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED")),
        ("hs_task_priority", "Priority", SELECT, ("NONE", "LOW", "MEDIUM", "HIGH")), ("hs_task_type", "Type", SELECT,
         ("TODO", "CALL", "EMAIL")), *_OWNER, *_STAMPS, *_MODIFIED,
    ),
    "notes": (
        ("hs_timestamp", "Date", DATETIME), ("hs_note_body", "Body", AREA), ("hs_attachment_ids", "Attachments",
            STRING),
        *_OWNER, *_STAMPS, *_MODIFIED,
    ),
    "orders": (
        ("hs_order_name", "Name", STRING), ("hs_external_order_id", "External order id", STRING), ("hs_currency_code",
            "Currency", STRING),
        ("hs_subtotal_price", "Subtotal", NUMBER), ("hs_tax", "Tax", NUMBER), ("hs_total_price", "Total", NUMBER),
        *_OWNER, *_STAMPS, *_MODIFIED,
    ),
    "invoices": (("hs_invoice_status", "Status", STRING), ("hs_currency", "Currency", STRING), *_STAMPS, *_MODIFIED),
}  # fmt: skip
STANDARD_GROUP = {"deals": "dealinformation", "companies": "companyinformation", "contacts": "contactinformation",
                  "line_items": "lineiteminformation", "products": "productinformation", "quotes": "quoteinformation",
                  "tasks": "task", "notes": "engagement", "invoices": "invoiceinformation",
                  "orders": "orderinformation"}  # fmt: skip
GROUPS: dict[str, list[dict[str, Any]]] = {
    kind: [{"name": name, "label": name.capitalize(), "displayOrder": 0, "archived": False}]
    for kind, name in STANDARD_GROUP.items()
}
GROUPS["deals"].append({"name": OWN_GROUP, "label": "Reconciliation", "displayOrder": -1, "archived": False})


def property_definition(row: tuple[Any, ...], group: str = "", now: str = SINCE) -> dict[str, Any]:
    """Return a property as `GET /crm/properties` shows it."""
    name, label, kind, *options = row
    is_ours = name.startswith("cuadra_") or name in (
        "nif",
        "deal_reference",
        "billing_plan",
        "payment_terms_days",
        "customer_discount",
    )
    return {
        "name": name, "label": label, "type": kind.split("/")[0], "fieldType": kind.split("/")[1],
        "groupName": group or (OWN_GROUP if name.startswith("cuadra_") else "information"), "description": "",
        "options": _options(options[0] if options else (), kind), "displayOrder": -1, "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False, "hidden": False, "hubspotDefined": not is_ours, "formField": False, "archived": False,
        "createdAt": now, "updatedAt": now,
        "modificationMetadata": {"archivable": is_ours, "readOnlyDefinition": not is_ours,
                                 "readOnlyValue": name in READ_ONLY},
    }  # fmt: skip


def _options(wanted: Any, kind: str) -> list[dict[str, Any]]:
    if wanted == "stages":
        pairs = [(s[0], s[1]) for s in (*SALES_STAGES, *SERVICE_STAGES)]
    elif wanted == "pipelines":
        pairs = [(p["id"], p["label"]) for p in PIPELINES]
    elif kind == BOOL:
        pairs = [("true", "True"), ("false", "False")]
    else:
        pairs = [] if isinstance(wanted, str) else [(v, v.replace("_", " ").capitalize()) for v in wanted]
    return [
        {"label": text, "value": value, "displayOrder": n, "hidden": False} for n, (value, text) in enumerate(pairs)
    ]
