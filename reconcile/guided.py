"""The guided test: six steps from a test customer to a sent invoice, against the invented company.

It runs on a company of its own that ends with it, so nothing is left behind anywhere, least of all in a real account.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from extract import store
from extract.sandbox.server import Running, serve
from extract.vendor import VendorError
from reconcile import baselines, run, settings, workflows
from reconcile.action import Plan, Subject
from reconcile.connections import connections
from reconcile.settings import Company, Connection, Invoicing, Mail, Settings
from reconcile.state import state

TOKENS = {"hubspot": {"HUBSPOT_TOKEN": "pat-eu1-sandbox"}, "stripe": {"STRIPE_KEY": "sk_test_sandbox"}}
_NAME, _MAIL, _NIF = "Guided Test SL", "accounts@guided-test.example", "B35680669"
_LINES = ({"name": "Design", "quantity": "2", "price": "600", "hs_tax_rate": "21"},
          {"name": "Hosting, year", "quantity": "1", "price": "240", "hs_tax_rate": "21"})  # fmt: skip
_NET, _GROSS = "1440.00", "1742.40"


class Step(NamedTuple):
    """One step: what was tried, whether it went well, and what was seen."""

    step: str
    passed: bool
    says: str


def guided() -> list[Step]:
    """Run the six steps and return how each went; those after a failed one are not tried and count as failed."""
    with tempfile.TemporaryDirectory(prefix="cuadra-guided-", ignore_cleanup_errors=True) as folder:
        company = serve(port=0, deals=300)
        try:
            prepare(Path(folder) / "data", company.url, company.smtp_port)
            return list(_steps(_Test(Path(folder) / "data", company)))
        finally:
            workflows.shutdown()
            company.stop()


def connected(url: str) -> dict[str, Connection]:
    """Return the connections to an invented company, which is on this machine and takes more than the vendors do."""
    made = {"hubspot": {"requests_per_10_seconds": "4000"}, "stripe": {"requests_per_second": "400"}}
    return {n: Connection.model_validate({"vendor": n, "base_url": url, **options}) for n, options in made.items()}


def prepare(data: Path, url: str, smtp_port: int) -> None:
    """Make a data folder that is connected to the invented company at `url` and sends what it invoices."""
    data.mkdir(parents=True)
    made = Settings(
        company=Company(name="Cuadra Test SL", tax_id="B85674216", address="Calle Mayor 1, 28013 Madrid"),
        connections=connected(url),
        mail=Mail(host="127.0.0.1", port=smtp_port, security="none", sender="billing@cuadra-test.example",
                  outbox=f"{url}/sandbox/mails"),
        invoicing=Invoicing(send=True),
    )  # fmt: skip
    settings.save(made, data)
    for name, secrets in TOKENS.items():
        state(data).keep_credentials(name, secrets, "test")


def look_again(data: Path) -> None:
    """Read all vendors of a data folder and reconcile. VendorError if one cannot be read."""
    for vendor in connections(data).values():
        reading = store.sync(vendor, data, zone=settings.load(data).company.time_zone)
        if reading.error:
            raise VendorError(vendor.name, reading.error)
    kept = state(data)
    run.reconcile(data, kept.decisions(), memory=baselines.memory(kept))
    baselines.learn(data, kept)


class _Test:
    """What the steps share."""

    def __init__(self, data: Path, company: Running) -> None:
        self.data, self.url = data, company.url
        self.company_id = self.deal_id = ""
        self.plans: list[Plan] = []

    def post(self, path: str, body: Any) -> Any:
        """Drive the invented company. RuntimeError if it refuses."""
        reply = httpx.post(f"{self.url}/{path}", json=body, timeout=30,
                           headers={"Authorization": f"Bearer {TOKENS['hubspot']['HUBSPOT_TOKEN']}"})  # fmt: skip
        if not reply.is_success:
            raise RuntimeError(f"{path}: {reply.status_code} {reply.text[:200]}")
        return reply.json()

    def customer(self) -> str:
        """Make a customer and an open deal with two lines in the CRM."""
        made = self.post("sandbox/deals", {
            "company": {"name": _NAME, "nif": _NIF, "address": "Calle Prueba 1", "city": "Madrid", "zip": "28001",
                        "country": "Spain"},
            "contact": {"email": _MAIL, "firstname": "Ana", "lastname": "Prueba"},
            "deal": {"dealname": "Guided test", "amount": _NET}, "lines": list(_LINES),
        })  # fmt: skip
        self.deal_id, self.company_id = made["deal_id"], made["company_id"]
        return f"{_NAME} with the deal {self.deal_id}"

    def quote(self) -> str:
        """Make a quote on the deal."""
        body = {"properties": {"hs_title": "Guided test", "hs_expiration_date": "2099-12-31", "hs_status": "DRAFT"},
                "associations": [{"to": {"id": self.deal_id}, "types": [
                    {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 64}]}]}  # fmt: skip
        made = self.post("crm/objects/2026-03/quotes", body)
        return f"quote {made['id']}"

    def win(self) -> str:
        """Mark the deal won, and see it as won after the next reading."""
        self.post(f"sandbox/deals/{self.deal_id}/win", {})
        look_again(self.data)
        self.plans = workflows.offer(
            self.data, "create_invoice", Subject(table="deals", vendor="hubspot", id=self.deal_id)
        )
        needs = [need.name for plan in self.plans for need in plan.needs]
        if not self.plans or needs:
            raise RuntimeError(f"missing: {', '.join(needs) or 'the deal'}")
        return " → ".join(plan.action for plan in self.plans)

    def confirm(self) -> str:
        """Confirm the preview; every action ends well."""
        outcomes = workflows.settle(self.data, self.plans, "guided test")
        bad = [f"{o.action}: {o.state} {o.error}" for o in outcomes if not o.is_done]
        if bad or len(outcomes) < len(self.plans):
            raise RuntimeError("; ".join(bad) or "not all actions were reached")
        return ", ".join(f"{o.action} {o.state}" for o in outcomes)

    def data_is_right(self) -> str:
        """See the same number, amount and customer in billing and in the CRM."""
        vendors = connections(self.data)
        outcomes = {o.action: o for o in workflows.runs(self.data)[0].outcomes}
        deal = vendors["hubspot"].deal(self.deal_id)  # type: ignore[attr-defined]
        invoice = vendors["stripe"].invoice(outcomes["create_invoice"].data["id"])  # type: ignore[attr-defined]
        told, gross = f"{deal['invoiced_amount']:.2f}", f"{invoice['gross']:.2f}"
        seen = {
            "number": (deal["invoice_number"], invoice["number"]), "due": (deal["invoice_due_on"], invoice["due_on"]),
            "amount told": (told, gross), "amount": (gross, _GROSS), "customer": (invoice["customer_name"], _NAME),
            "tax id": (invoice["customer_tax_id"], _NIF),
        }  # fmt: skip
        wrong = [f"{name}: {left} is not {right}" for name, (left, right) in seen.items() if left != right]
        if wrong:
            raise RuntimeError("; ".join(wrong))
        return f"{invoice['number']}, {invoice['gross']:.2f} {invoice['currency']}, the same on both sides"

    def was_sent(self) -> str:
        """See the mail in the invented company's mailbox."""
        mails = httpx.get(f"{self.url}/sandbox/mails", params={"to": _MAIL}, timeout=30).json()
        if len(mails) != 1:
            raise RuntimeError(f"{len(mails)} mails to {_MAIL}, not one")
        return f"“{mails[0].get('subject', '')}” to {_MAIL}"


def _steps(test: _Test) -> Iterator[Step]:
    steps: dict[str, Callable[[], str]] = {
        "test customer": test.customer, "test quote": test.quote, "mark won": test.win,
        "confirm the invoice": test.confirm, "check the data": test.data_is_right, "check the sending": test.was_sent,
    }  # fmt: skip
    failed = ""
    for name, do in steps.items():
        if failed:
            yield Step(name, False, f"not tried, since “{failed}” failed")
            continue
        try:
            yield Step(name, True, do())
        except (RuntimeError, VendorError, httpx.HTTPError, KeyError, ValueError) as error:
            failed = name
            yield Step(name, False, f"{type(error).__name__}: {error}")
