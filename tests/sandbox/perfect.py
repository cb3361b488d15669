"""A reconciler for this one company, written against the vendors' own shapes: what it finds must be what was planted.

It knows nothing of how the books were made; it reads HubSpot's and Stripe's objects and the bank's movements.
"""

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from extract.sandbox.books import Company
from extract.sandbox.hubspot_books import hubspot_books
from extract.sandbox.identifiers import is_valid_tax_id, plain
from extract.sandbox.statement import GATEWAY, entries
from extract.sandbox.stripe_books import stripe_books

COUNTRY = {"Spain": "ES", "France": "FR", "Poland": "PL", "Mexico": "MX", "Germany": "DE", "United Kingdom": "GB",
           "United States": "US"}  # fmt: skip
NUMBER = re.compile(r"0?(1\d{4})(?!\d)")
GRACE = timedelta(days=3)
SMALL = 2500  # minor units: what banks keep of a transfer


def bare(tax_id: str | None, country: str) -> str:
    """A tax id without prefix and punctuation."""
    text = re.sub(r"[^A-Z0-9]", "", (tax_id or "").upper())
    return text.removeprefix(country) if country in ("FR", "PL", "DE", "GB", "ES") else text


class Books:
    """Deals, invoices and payments as a reconciler would have them after linking."""

    def __init__(self, company: Company) -> None:
        self.today = company.today
        self.crm, self.billing = hubspot_books(company), stripe_books(company)
        self.found: set[tuple[str, str, str]] = set()
        self.deals = {i: r for i, r in self.crm.objects["deals"].items() if not r["archived"]}
        self.invoices = dict(self.billing.objects["invoices"])
        self.companies = {i: r for i, r in self.crm.objects["companies"].items() if not r["archived"]}
        self.company_of = {i: next(iter(self.crm.links["deals"][i]["companies"])) for i in self.deals
                           if self.crm.links["deals"].get(i)}  # fmt: skip
        self.movements = [e for e in entries(company) if e.amount > 0 and e.name != GATEWAY]
        events = self.billing.objects["events"].values()
        self.sent = {e["data"]["object"]["id"] for e in events if e["type"] == "invoice.sent"}
        self._link_invoices()
        self._link_payments()

    def say(self, check: str, vendor: str, record: str) -> None:
        self.found.add((check, vendor, record))

    # -- links -------------------------------------------------------------------------------------------------

    def _link_invoices(self) -> None:
        self.deals_of: dict[str, list[str]] = defaultdict(list)
        by_number = {i["number"][3:]: k for k, i in self.invoices.items() if i["number"]}
        numbers = defaultdict(list)
        references = {}
        for deal_id, row in self.deals.items():
            if typed := row["properties"]["cuadra_invoice_number"]:
                numbers[by_number[NUMBER.findall(typed)[0]]].append(deal_id)
            if row["properties"].get("deal_reference"):
                references[row["properties"]["deal_reference"][3:]] = deal_id
        left = []
        for key, invoice in self.invoices.items():
            text = " ".join([*(f["value"] for f in invoice["custom_fields"] or []), invoice["description"] or ""])
            if deal_id := invoice["metadata"].get("crm_deal_id"):
                self.deals_of[key] = [deal_id]
            elif key in numbers:
                self.deals_of[key] = numbers[key]
            elif named := [references[n] for n in re.findall(r"PO[- ]?(\d{5})", text) if n in references]:
                self.deals_of[key] = named
            else:
                left.append(key)
        self._link_by_amount(left)
        self.invoices_of: dict[str, list[str]] = defaultdict(list)
        for key, deals in self.deals_of.items():
            for deal_id in deals:
                self.invoices_of[deal_id].append(key)

    def _link_by_amount(self, left: list[str]) -> None:
        taken = {d for deals in self.deals_of.values() for d in deals}
        free = defaultdict(list)
        for deal_id, row in self.deals.items():
            p = row["properties"]
            if deal_id not in taken and p["hs_is_closed_won"] == "true" and deal_id in self.company_of:
                free[self._tax_id(deal_id), int(Decimal(p["amount"]) * 100)].append(deal_id)
        for key in left:
            invoice = self.invoices[key]
            ids = invoice["customer_tax_ids"]
            country = invoice["customer_address"]["country"]
            fits = free.get((bare(ids[0]["value"] if ids else None, country), invoice["subtotal"]), [])
            if len(fits) == 1:
                self.deals_of[key] = fits

    def _tax_id(self, deal_id: str) -> str:
        row = self.companies[self.company_of[deal_id]]["properties"]
        return bare(row["nif"], COUNTRY[row["country"]])

    def _link_payments(self) -> None:
        by_number = {i["number"][3:]: k for k, i in self.invoices.items() if i["number"]}
        self.received: dict[str, int] = defaultdict(int)
        names, parents = {}, {}
        for row in sorted(self.companies.values(), key=lambda r: r["createdAt"]):
            names.setdefault(plain(row["properties"]["name"]).upper()[:70], row["id"])
            if parent := row["properties"]["hs_parent_company_id"]:
                parents[parent] = row["id"]
        by_amount = defaultdict(list)
        for key, invoice in self.invoices.items():
            if invoice["status"] in ("open", "paid", "uncollectible"):
                company = self.billing.objects["customers"][invoice["customer"]]["metadata"]["crm_company_id"]
                by_amount[company, invoice["currency"].upper(), invoice["total"]].append(key)
        self.unmatched = []
        for entry in self.movements:
            text = re.sub(r"(?<=\d) (?=\d)", "", f"{entry.text} {(entry.structured or '')[4:]}")
            cited = [by_number[n] for n in NUMBER.findall(text) if n in by_number]
            payer = names.get(entry.name, "")
            fits = by_amount.get((payer, entry.currency, entry.amount)) or by_amount.get(
                (parents.get(payer, ""), entry.currency, entry.amount), []
            )
            if len(cited) > 1:
                assert entry.amount == sum(self.invoices[k]["total"] for k in cited), entry
                for key in cited:
                    self.received[key] += self.invoices[key]["total"]
            elif cited or len(fits) == 1:
                self.received[(cited or fits)[0]] += entry.amount
            else:
                self.unmatched.append(entry)
        allocated = set()
        for row in self.billing.objects["invoice_payments"].values():
            if row["payment"]["type"] == "payment_intent" and row["status"] == "paid":
                self.received[row["invoice"]] += row["amount_paid"]
                allocated.add(row["payment"]["payment_intent"])
        self.stray = [c["payment_intent"] for c in self.billing.objects["charges"].values()
                      if c["paid"] and c["payment_intent"] not in allocated]  # fmt: skip

    # -- facts -------------------------------------------------------------------------------------------------

    def net(self, key: str) -> int:
        invoice = self.invoices[key]
        credited = sum(n["subtotal"] for n in self.billing.objects["credit_notes"].values() if n["invoice"] == key)
        return int(invoice["subtotal"] - credited)

    def counted(self, deal_id: str) -> list[str]:
        """Invoices of a deal that stand: not void, not credited in full."""
        return [k for k in self.invoices_of[deal_id] if self.invoices[k]["status"] != "void" and self.net(k)]

    def open_amount(self, key: str) -> int:
        invoice = self.invoices[key]
        owed = invoice["total"] - invoice["pre_payment_credit_notes_amount"]
        left = owed - max(self.received[key], 0)
        return 0 if left <= SMALL and self.received[key] else int(left)

    def is_issued(self, key: str) -> bool:
        return self.invoices[key]["status"] in ("open", "paid")

    def made_on(self, key: str) -> date:
        return datetime.fromtimestamp(self.invoices[key]["created"], UTC).date()

    def due_on(self, key: str) -> date:
        return datetime.fromtimestamp(self.invoices[key]["due_date"], UTC).date()

    # -- checks ------------------------------------------------------------------------------------------------

    def check(self) -> set[tuple[str, str, str]]:
        for deal_id, row in self.deals.items():
            if row["properties"]["hs_is_closed_won"] == "true":
                self._deal(deal_id, row["properties"])
        for key, invoice in self.invoices.items():
            self._invoice(key, invoice)
        self._duplicates()
        self._customers()
        for entry in self.unmatched:
            self.say("payment_without_invoice", "bank", entry.id)
        for intent in self.stray:
            self.say("payment_without_invoice", "stripe", intent)
        return self.found

    def _deal(self, deal_id: str, p: dict[str, Any]) -> None:
        amount, currency = int(Decimal(p["amount"]) * 100), p["deal_currency_code"] or "EUR"
        entered = next(v for k, v in p.items() if k == f"hs_v2_date_entered_{p['dealstage']}")
        won = date.fromisoformat(entered[:10])
        keys = self.counted(deal_id)
        if not keys:
            if amount and won < self.today - GRACE:
                self.say("won_not_invoiced", "hubspot", deal_id)
            return
        if self._consolidated(keys):
            pass
        elif any(self.invoices[k]["currency"].upper() != currency for k in keys):
            self.say("currency_differs", "hubspot", deal_id)
        else:
            gross = sum(self.invoices[k]["total"] for k in keys)
            total = amount if gross == amount else sum(self.net(k) for k in keys)
            if total <= amount * 3 // 4:
                deposits = all(self.invoices[k]["metadata"].get("kind") == "deposit" for k in keys)
                is_kept = deposits and all(self.open_amount(k) == 0 for k in keys)
                self.say("final_invoice_missing" if is_kept else "partly_invoiced", "hubspot", deal_id)
            elif len(keys) == 2 and total == amount * 2:
                pass  # a duplicate, which is told of the invoice
            elif total >= amount * 6 // 5:
                self.say("over_invoiced", "hubspot", deal_id)
            elif total != amount:
                self.say("amount_differs", "hubspot", deal_id)
        if all(self.is_issued(k) and self.open_amount(k) == 0 for k in keys) and not p["cuadra_paid_on"]:
            self.say("paid_not_in_crm", "hubspot", deal_id)

    def _consolidated(self, keys: list[str]) -> bool:
        deals = self.deals_of[keys[0]]
        if len(keys) != 1 or len(deals) < 2:
            return False
        wanted = sum(int(Decimal(self.deals[d]["properties"]["amount"]) * 100) for d in deals)
        return wanted == self.net(keys[0])

    def _invoice(self, key: str, invoice: dict[str, Any]) -> None:
        made = self.made_on(key)
        is_quiet = invoice["status"] == "open" and made > self.today - timedelta(days=28) and key not in self.sent
        if made < self.today - GRACE and (invoice["status"] == "draft" or is_quiet):
            self.say("invoice_not_sent", "stripe", key)
        if invoice["status"] != "void" and not self.deals_of.get(key):
            self.say("invoice_without_deal", "stripe", key)
        if self.is_issued(key) and self.net(key) and self.open_amount(key) > 0:
            if self.due_on(key) < self.today:
                self.say("overdue", "stripe", key)
            if self.received[key]:
                self.say("partly_paid", "stripe", key)
        if invoice["status"] != "void" and self.deals_of.get(key):
            self._who(key, invoice, self.deals_of[key][0])
        if self.is_issued(key) and self.open_amount(key) > 0:
            self._terms(key, invoice)

    def _terms(self, key: str, invoice: dict[str, Any]) -> None:
        company = self.billing.objects["customers"][invoice["customer"]]["metadata"]["crm_company_id"]
        agreed = self.companies[company]["properties"].get("payment_terms_days")
        if agreed and (self.due_on(key) - self.made_on(key)).days > int(agreed) + 33:
            self.say("terms_differ", "stripe", key)

    def _who(self, key: str, invoice: dict[str, Any], deal_id: str) -> None:
        company = self.companies[self.company_of[deal_id]]["properties"]
        contact = self.crm.objects["contacts"][next(iter(self.crm.links["deals"][deal_id]["contacts"]))]["properties"]
        country, ids, address = COUNTRY[company["country"]], invoice["customer_tax_ids"], invoice["customer_address"]
        if ids and company["nif"] and bare(ids[0]["value"], country) != bare(company["nif"], country):
            self.say("tax_id_differs", "stripe", key)
        pairs = (("address", "line1"), ("city", "city"), ("zip", "postal_code"))
        moved = any(company[a] and address[b] and company[a] != address[b] for a, b in pairs)
        if moved or (invoice["customer_email"] and invoice["customer_email"] != contact["email"]):
            self.say("contact_differs", "stripe", invoice["customer"])
        record = self.billing.tax_ids_of(invoice["customer"])
        if record and company["nif"] and bare(record[0]["value"], country) != bare(company["nif"], country):
            self.say("tax_id_differs", "stripe", invoice["customer"])
        if not ids or not address["line1"]:
            self.say("invoice_incomplete", "stripe", key)

    def _duplicates(self) -> None:
        groups = defaultdict(list)
        for key, invoice in self.invoices.items():
            if invoice["status"] != "void" and self.net(key):
                groups[invoice["customer"], invoice["currency"], invoice["total"]].append(key)
        for keys in groups.values():
            keys.sort(key=lambda k: (self.invoices[k]["created"], self.invoices[k]["number"] or ""))
            for one, two in pairwise(keys):
                if (self.made_on(two) - self.made_on(one)).days <= 5:
                    later = max((one, two), key=lambda k: self.invoices[k]["number"] or "")
                    self.say("duplicate_invoice", "stripe", later)

    def _customers(self) -> None:
        trading = {self.company_of[d] for d, r in self.deals.items() if r["properties"]["hs_is_closed_won"] == "true"
                   and d in self.company_of}  # fmt: skip
        seen: dict[tuple[str, str, str], str] = {}
        for record in sorted(self.companies.values(), key=lambda r: (r["createdAt"], r["id"])):
            p = record["properties"]
            country = COUNTRY[p["country"]]
            if record["id"] in trading:
                lacking = not p["nif"] or not is_valid_tax_id(country, bare(p["nif"], country))
                if lacking or not (p["address"] and p["city"]):
                    self.say("customer_data_invalid", "hubspot", record["id"])
            self._twin(seen, ("hubspot", country, bare(p["nif"], country)), record["id"])
        for row in sorted(self.billing.objects["customers"].values(), key=lambda r: (r["created"], r["id"])):
            country, ids = row["address"]["country"], self.billing.tax_ids_of(row["id"])
            number = bare(ids[0]["value"], country) if ids else ""
            is_mail = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", row["email"] or "")
            if not number or not is_valid_tax_id(country, number) or not is_mail or not row["address"]["line1"]:
                self.say("customer_data_invalid", "stripe", row["id"])
            self._twin(seen, ("stripe", country, number), row["id"])

    def _twin(self, seen: dict[tuple[str, str, str], str], key: tuple[str, str, str], record: str) -> None:
        if key[2] and key in seen:
            self.say("duplicate_customers", key[0], record)
        elif key[2]:
            seen[key] = record
