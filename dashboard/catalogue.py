"""Every system, channel and file format, with how far it goes and what proves it."""

from typing import Literal, NamedTuple

from extract.vendor import registry

State = Literal["works", "file only", "planned"]


class Entry(NamedTuple):
    """One line of the catalogue. `reads` are canonical tables, `writes` are fixes."""

    name: str
    title: str
    kind: str
    state: State
    reads: list[str]
    writes: list[str]
    auth: str
    evidence: str
    api_version: str = ""


TABULAR = ["deals", "invoices", "payments", "customers", "products", "lines"]


def _file(name: str, title: str, reads: list[str], evidence: str) -> Entry:
    return Entry(name, title, "file", "works", reads, [], "none", evidence)


FILES = [
    _file("csv", "CSV exports", TABULAR, "real CRM and billing exports, bank dialects of five countries"),
    _file("xlsx", "Excel workbooks", TABULAR, "round trips of every column type"),
    _file("parquet", "Parquet files", TABULAR, "round trips of every column type"),
    _file("camt053", "Bank statement CAMT.053 (v2, v8)", ["payments"], "ISO schemas; one account in eight formats"),
    _file("mt940", "Bank statement MT940", ["payments"], "a real mBank statement; one account in eight formats"),
    _file("ofx", "Bank statement OFX", ["payments"], "a real statement; one account in eight formats"),
    _file("norma43", "Bank statement Norma 43", ["payments"], "one account in eight formats"),
]
SMTP = "a real SMTP server with STARTTLS and authentication"
SHEETS = "every request checked against Google's own discovery document, answered on this machine"
LOCAL = "requests and answers over HTTP, against a server on this machine that answers as the reference says"
CHANNELS = [
    Entry("smtp", "E-mail (SMTP)", "channel", "works", [], ["send_reminder", "report"], "password", SMTP),
    Entry("sheets", "Google Sheets", "channel", "works", [], ["report"], "key", SHEETS),
    Entry("notion", "Notion", "channel", "works", [], ["report"], "token", LOCAL),
    Entry("slack", "Slack", "channel", "works", [], ["report"], "url", LOCAL),
    Entry("webhooks", "Web hooks out (Standard Webhooks)", "channel", "works", [], ["events"], "key", LOCAL),
    Entry("apprise", "Teams and others (Apprise)", "channel", "works", [], ["events"], "url", LOCAL),
    Entry("imap", "Mailbox: mails that came back (IMAP)", "channel", "works", [], [], "password", LOCAL),
]
BY_EXPORT = "its CSV or XLSX export is read; no connection by API yet"
# Named so that nobody has to ask: their exports can be read as files today.
BY_FILE = {
    "pipedrive": ("Pipedrive", "crm"), "salesforce": ("Salesforce", "crm"), "odoo": ("Odoo", "crm"),
    "zoho-crm": ("Zoho CRM", "crm"), "monday": ("monday.com", "crm"), "bitrix24": ("Bitrix24", "crm"),
    "airtable": ("Airtable", "crm"), "clientify": ("Clientify", "crm"), "holded-crm": ("Holded CRM", "crm"),
    "quickbooks": ("QuickBooks", "billing"), "pennylane": ("Pennylane", "billing"), "holded": ("Holded", "billing"),
    "fakturownia": ("Fakturownia", "billing"), "ifirma": ("iFirma", "billing"), "facturama": ("Facturama", "billing"),
    "quipu": ("Quipu", "billing"), "sellsy": ("Sellsy", "billing"), "sage": ("Sage", "billing"),
    "axonaut": ("Axonaut", "billing"), "a3": ("a3", "billing"), "comarch": ("Comarch", "billing"),
    "subiekt": ("Subiekt", "billing"), "facturalia": ("Facturalia", "billing"), "woofmo": ("Woofmo", "crm"),
    "shopify": ("Shopify", "shop"), "woocommerce": ("WooCommerce", "shop"),
    "prestashop": ("PrestaShop", "shop"), "magento": ("Adobe Commerce", "shop"),
}  # fmt: skip


def catalogue() -> list[Entry]:
    """Return all entries: connected by API, then channels and files, then those read from their exports only."""
    by_api = [
        Entry(name, v.title, v.kind, "works", list(v.reads), list(v.writes), v.auth_kind, v.evidence, v.api_version)
        for name, v in sorted(registry().items())
    ]
    later = [
        Entry(name, title, kind, "file only", ["deals"] if kind == "crm" else ["invoices"], [], "none", BY_EXPORT)
        for name, (title, kind) in BY_FILE.items()
        if name not in registry()
    ]
    return [*by_api, *CHANNELS, *FILES, *later]
