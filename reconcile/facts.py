"""What plans read: rows of the warehouse that belong to one deal, customer or invoice, and who can be written to."""

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from extract.vendor import Vendor, registry
from reconcile.connections import unconnected
from reconcile.letters import KEPT as LETTERS
from reconcile.settings import Settings, SettingsError
from reconcile.state import state

Record = dict[str, Any]


class Ambiguous(SettingsError):
    """Several connections could do it and none is chosen: somebody has to say which."""

    def __init__(self, kind: str, among: list[str]) -> None:
        super().__init__(f"invoicing.{kind}: there are {', '.join(among)}; name one")
        self.kind, self.among = kind, among


@dataclass(frozen=True)
class Facts:
    """The warehouse, opened to read, with the settings of the company. Every question is answered from one moment."""

    db: duckdb.DuckDBPyConnection
    settings: Settings
    today: dt.date
    reminded: Mapping[tuple[str, str], int] = field(
        default_factory=dict
    )  # the highest level sent, by an invoice's vendor, id
    letters: Mapping[str, str] = field(default_factory=dict)  # people's own letters, by letter.language
    marks: Mapping[str, str] = field(default_factory=dict)  # what may happen once, and the wish that it happened by
    data: Path | None = None  # the data folder, where it is asked which connections have their credentials
    reminded_on: Mapping[tuple[str, str], list[dt.date]] = field(default_factory=dict)  # days of reminders sent
    heard: dict[str, list[Record]] | None = None  # answers, where they stay the same while it is open

    @property
    def crm(self) -> str:
        """The connection whose deals are told; SettingsError where that is not clear."""
        return self._writer("crm", self.settings.invoicing.crm, "update_deal")

    @property
    def billing(self) -> str:
        """The connection that issues invoices; SettingsError where that is not clear."""
        return self._writer("billing", self.settings.invoicing.billing, "create_invoice")

    def billed_in(self, connection: str) -> "Facts":
        """Return the facts with this billing account chosen. SettingsError if it is none that is connected."""
        if connection not in self._able("create_invoice"):
            raise SettingsError(f"invoicing.billing: {connection} is no connected billing account")
        chosen = self.settings.invoicing.model_copy(update={"billing": connection})
        return replace(self, settings=self.settings.model_copy(update={"invoicing": chosen}))

    def can(self, connection: str, action: str) -> bool:
        """Return whether a connection's vendor has an action."""
        kind = self._kind(connection)
        return kind is not None and action in kind.writes

    def drafts(self, connection: str) -> bool:
        """Return whether invoices of a connection begin as drafts; where not, making one issues it."""
        kind = self._kind(connection)
        return kind is None or kind.drafts

    def negative_lines(self, connection: str) -> bool:
        """Return whether invoices of a connection take lines that reduce them."""
        kind = self._kind(connection)
        return kind is None or kind.negative_lines

    def takes_note(self, connection: str) -> bool:
        """Return whether a connection can be told that an invoice was mailed by us."""
        return hasattr(self._kind(connection), "note_sent")

    def has_pdf(self, connection: str) -> bool:
        """Return whether a connection's vendor has the PDFs of its invoices."""
        return hasattr(self._kind(connection), "invoice_pdf")

    def finding(self, finding_id: str) -> Record | None:
        """Return a finding."""
        return self.one("SELECT * FROM findings WHERE id = ?", finding_id)

    def deal(self, vendor: str, id: str) -> Record | None:
        """Return a deal."""
        return self.one("SELECT * FROM deals WHERE vendor = ? AND id = ?", vendor, id)

    def deal_summary(self, vendor: str, id: str) -> Record | None:
        """Return what was invoiced and paid of a deal."""
        return self.one("SELECT * FROM deal_summary WHERE vendor = ? AND id = ?", vendor, id)

    def customer(self, vendor: str, id: str | None) -> Record | None:
        """Return a customer."""
        return self.one("SELECT * FROM customers WHERE vendor = ? AND id = ?", vendor, id)

    def invoice(self, vendor: str, id: str) -> Record | None:
        """Return an invoice with its state, what is open of it and how late it is."""
        return self.one(
            "SELECT i.*, s.state, s.open_amount, s.days_overdue FROM invoices AS i "
            "JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id WHERE i.vendor = ? AND i.id = ?",
            vendor, id,
        )  # fmt: skip

    def lines(self, document: str, vendor: str, id: str) -> list[Record]:
        """Return the lines of a deal, quote or invoice in order."""
        return self.all(
            "SELECT * FROM lines WHERE document = ? AND vendor = ? AND document_id = ? ORDER BY position, id",
            document, vendor, id,
        )  # fmt: skip

    def invoices_of(self, vendor: str, id: str) -> list[Record]:
        """Return the invoices that count for a deal, credit notes included, oldest first."""
        return self.all(
            "SELECT i.*, b.share FROM deal_invoices AS b "
            "JOIN invoices AS i ON i.vendor = b.invoice_vendor AND i.id = b.invoice_id "
            "WHERE b.deal_vendor = ? AND b.deal_id = ? AND b.is_counted ORDER BY i.issued_on, i.id",
            vendor, id,
        )  # fmt: skip

    def deals_of(self, vendor: str, id: str) -> list[Record]:
        """Return the deals that an invoice bills."""
        return self.all(
            "SELECT DISTINCT d.* FROM links AS l JOIN deals AS d ON d.vendor = l.left_vendor AND d.id = l.left_id "
            "WHERE l.left_table = 'deals' AND l.right_table = 'invoices' AND l.status IN ('automatic', 'confirmed') "
            "AND l.right_vendor = ? AND l.right_id = ? ORDER BY d.id",
            vendor, id,
        )  # fmt: skip

    def owner(self, vendor: str, id: str) -> str:
        """Return the name of a salesperson; empty where it is not known."""
        found = self.one("SELECT name FROM owners WHERE vendor = ? AND id = ?", vendor, id)
        return (found["name"] or "") if found else ""

    def voided(self, billing: str, deal_id: str) -> int:
        """Return how many invoices of a deal were voided: each of them makes the next one a new wish."""
        found = self.one(
            "SELECT COUNT(*) AS voided FROM invoices WHERE vendor = ? AND deal_id = ? AND status = 'void'",
            billing, deal_id,
        )  # fmt: skip
        return int(found["voided"]) if found else 0

    def counterpart(self, crm: str, id: str, billing: str) -> tuple[Record, str] | None:
        """Return the billing customer of a CRM customer, and by which rule it is that one; None where none is known.

        In this order: the id stored on either side, else the exact tax id. A likeness of names is only suggested.
        """
        found = self.one(
            "SELECT c.*, l.rule FROM links AS l "
            "JOIN customers AS c ON c.vendor = l.right_vendor AND c.id = l.right_id "
            "WHERE l.left_table = 'customers' AND l.right_table = 'customers' "
            "AND l.status IN ('automatic', 'confirmed') "
            "AND l.left_vendor = ? AND l.left_id = ? AND l.right_vendor = ? "
            "ORDER BY l.status = 'confirmed' DESC, l.rule = 'stored_customer_id' DESC, c.updated_at DESC, c.id LIMIT 1",
            crm, id, billing,
        )  # fmt: skip
        if found is None:
            return None
        rule = found.pop("rule")
        return found, rule

    def in_crm(self, billing: str, id: str) -> Record | None:
        """Return the CRM customer of a billing customer."""
        return self.one(
            "SELECT c.* FROM links AS l JOIN customers AS c ON c.vendor = l.left_vendor AND c.id = l.left_id "
            "WHERE l.left_table = 'customers' AND l.right_table = 'customers' "
            "AND l.status IN ('automatic', 'confirmed') AND l.right_vendor = ? AND l.right_id = ? "
            "ORDER BY l.status = 'confirmed' DESC, c.updated_at DESC, c.id LIMIT 1",
            billing, id,
        )  # fmt: skip

    def likely(self, billing: str, customer: Record) -> list[Record]:
        """Return billing customers that may be a CRM customer, by likeness of name and by e-mail, likest first."""
        return self.all(
            "SELECT c.*, JARO_WINKLER_SIMILARITY(LOWER(c.name), LOWER(?)) AS likeness FROM customers AS c "
            "WHERE c.vendor = ? AND (likeness > 0.85 OR LOWER(c.email) = LOWER(?)) "
            "ORDER BY LOWER(c.email) IS NOT DISTINCT FROM LOWER(?) DESC, likeness DESC, c.id LIMIT 5",
            customer.get("name") or "", billing, customer.get("email"), customer.get("email"),
        )  # fmt: skip

    def nearly(self, billing: str, tax_id: str) -> list[Record]:
        """Return billing customers whose tax id differs in one character: perhaps a slip of the pen."""
        return self.all(
            "SELECT * FROM customers WHERE vendor = ? AND LENGTH(tax_id) BETWEEN ? AND ? "
            "AND LEVENSHTEIN(tax_id, ?) = 1 ORDER BY id LIMIT 5",
            billing, len(tax_id) - 1, len(tax_id) + 1, tax_id,
        )  # fmt: skip

    def last_tax(self, billing: str, customer_id: str) -> Record | None:
        """Return number and tax rate of the customer's last invoice, where all its lines have the same rate."""
        return self.one(
            "SELECT i.number, MAX(l.tax_rate) AS tax_rate FROM invoices AS i "
            "JOIN lines AS l ON l.vendor = i.vendor AND l.document_id = i.id AND l.document = 'invoice' "
            "WHERE i.vendor = ? AND i.customer_id = ? AND i.status NOT IN ('draft', 'void') "
            "GROUP BY i.id, i.number, i.issued_on "
            "HAVING COUNT(*) = COUNT(l.tax_rate) AND MIN(l.tax_rate) = MAX(l.tax_rate) "
            "ORDER BY i.issued_on DESC, i.id DESC LIMIT 1",
            billing, customer_id,
        )  # fmt: skip

    def money_for(self, vendor: str, id: str) -> list[Record]:
        """Return the payments that belong to an invoice, oldest first, each with what of it is `applied` to it."""
        return self.all(
            "SELECT p.*, l.amount AS applied FROM links AS l "
            "JOIN payments AS p ON p.vendor = l.left_vendor AND p.id = l.left_id "
            "WHERE l.left_table = 'payments' AND l.right_table = 'invoices' "
            "AND l.status IN ('automatic', 'confirmed') AND p.method <> 'recorded' "
            "AND l.right_vendor = ? AND l.right_id = ? ORDER BY p.paid_on, p.id",
            vendor, id,
        )  # fmt: skip

    def unmatched_money(self, amount: Any, currency: str) -> list[Record]:
        """Return incoming payments of this amount that belong to no invoice yet, newest first."""
        return self.all(
            "SELECT p.* FROM payments AS p ANTI JOIN (SELECT left_vendor, left_id FROM links "
            "WHERE left_table = 'payments' AND right_table <> 'deals' AND status IN ('automatic', 'confirmed')) AS l "
            "ON l.left_vendor = p.vendor AND l.left_id = p.id "
            "WHERE p.amount = ? AND p.currency = ? ORDER BY p.paid_on DESC, p.id LIMIT 5",
            amount, currency,
        )  # fmt: skip

    def one(self, query: str, *values: Any) -> Record | None:
        """Return the first row of a query, by column."""
        found = self.all(query, *values)
        return found[0] if found else None

    def all(self, query: str, *values: Any) -> list[Record]:
        """Return the rows of a query, by column."""
        asked = repr((query, values))
        found = None if self.heard is None else self.heard.get(asked)
        if found is None:
            cursor = self.db.cursor().execute(query, values)
            names = [d[0] for d in cursor.description or ()]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            if self.heard is not None:
                self.heard[asked] = found
        return [dict(row) for row in found]

    def _kind(self, connection: str) -> type[Vendor] | None:
        said = self.settings.connections.get(connection)
        return registry().get(said.vendor) if said else None

    def _writer(self, kind: str, chosen: str, action: str) -> str:
        if chosen:
            return chosen
        able = self._able(action)
        if len(able) == 1:
            return able[0]
        if able:
            raise Ambiguous(kind, able)
        raise SettingsError(f"invoicing.{kind}: connect one that has {action}")

    def _able(self, action: str) -> list[str]:
        """Return the connections that have an action; of several only those that are not disconnected."""
        able = [n for n in self.settings.connections if self.can(n, action)]
        if len(able) < 2 or self.data is None:
            return able
        gone = unconnected(self.data)
        return [n for n in able if n not in gone] or able


@contextmanager
def opened(data: Path, settings: Settings, today: dt.date) -> Iterator[Facts]:
    """Open the warehouse of a data folder to read. FileNotFoundError where nothing was reconciled yet."""
    path = data / "warehouse.duckdb"
    if not path.exists():
        raise FileNotFoundError(f"{path}: nothing was reconciled yet")
    with duckdb.connect(str(path), read_only=True) as db:
        db.execute("SET TimeZone = 'UTC'")
        store, reminded = state(data), dict[tuple[str, str], int]()
        on = dict[tuple[str, str], list[dt.date]]()
        for row in store.reminders():
            invoice = (row["vendor"], row["invoice_id"])
            reminded[invoice] = max(reminded.get(invoice, 0), row["level"])
            on.setdefault(invoice, []).append(row["sent_at"].astimezone(ZoneInfo(settings.company.time_zone)).date())
        letters = {name.removeprefix(LETTERS): text for name, text in store.values(LETTERS).items()}
        yield Facts(db, settings, today, reminded, letters, store.marks(), data, on, {})
