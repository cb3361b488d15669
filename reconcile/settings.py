"""Business choices: who the company is, what is connected, what may be written, and which differences matter.

They live in `data/settings.toml`, edited by hand or from the page; comments and order survive a save. Secrets are never
here: they come from the environment or from the credential store.
"""

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item, Table

from extract.model import Money, Rate
from reconcile import access
from reconcile.fieldmap import Syncs
from reconcile.flow_settings import FLOWS, Approval, Automation, Invoicing, Reminders, known_country
from reconcile.flow_settings import STAGED as STAGED
from reconcile.flow_settings import TRIGGERS as TRIGGERS
from reconcile.flow_settings import Series as Series
from reconcile.outward import CHANNELS as CHANNELS
from reconcile.outward import EVENTS as EVENTS
from reconcile.outward import STATES as STATES
from reconcile.outward import Archive, Reports, States, Timeline
from reconcile.outward import Channel as Channel
from reconcile.outward import Listener as Listener
from reconcile.outward import PdfService as PdfService
from reconcile.outward import WebHook as WebHook
from reconcile.part import Part

FILE = "settings.toml"
TODAY = "CUADRA_TODAY"  # fixes the day for tests and for a demo that must look the same tomorrow
Role = Literal["viewer", "salesperson", "operator", "approver", "admin"]
# choices that come from elsewhere
_FILLED = ("today", "now_at", "time_zone", "reporting_currency", "country", "seller_name", "seller_tax_id",
           "seller_address")  # fmt: skip


class SettingsError(Exception):
    """A setting is missing or wrong. The text names the key and the value."""


class Choices(Part):
    """The one-row table `settings` that checks, link rules and figures read."""

    today: dt.date = Field(default=dt.date(1970, 1, 1), description="the day the books are looked at")
    now_at: dt.datetime = Field(default=dt.datetime(1970, 1, 1), description="when this run started, UTC")
    time_zone: str = Field(default="UTC", description="the company's time zone, in which instants become days")
    country: str = Field(default="ES", description="the company's country, ISO 3166-1 alpha-2")
    reporting_currency: str = Field(default="EUR", description="currency of totals over several currencies")
    seller_name: str = Field(default="", description="the company's own name, as invoices must say it")
    seller_tax_id: str = Field(default="", description="the company's own tax id, as invoices must say it")
    seller_address: str = Field(default="", description="the company's own address, as invoices must say it")
    grace_days: int = Field(default=3, ge=0, description="days after winning before a missing invoice is a problem")
    unsent_days: int = Field(default=3, ge=0, description="days after issue before an unsent invoice is a problem")
    told_days: int = Field(default=1, ge=0, description="days after payment before the CRM must know it")
    payment_days: int = Field(default=3, ge=0, description="days before money without an invoice is a problem")
    amount_tolerance: Annotated[Decimal, "DECIMAL(18,4)"] = Field(
        default=Decimal("0.05"), ge=0, description="difference that never matters, in the document's currency"
    )
    amount_tolerance_rate: Annotated[Decimal, "DECIMAL(18,8)"] = Field(
        default=Decimal("0.005"), ge=0, le=1, description="difference that never matters, as a share of the amount"
    )
    fee_tolerance: Annotated[Decimal, "DECIMAL(18,4)"] = Field(
        default=Decimal(30), ge=0, description="most that a bank keeps of a transfer, in the invoice's currency"
    )
    fee_tolerance_rate: Annotated[Decimal, "DECIMAL(18,8)"] = Field(
        default=Decimal("0.03"), ge=0, le=1, description="most that a bank keeps, as a share of the invoice"
    )
    part_rate: Annotated[Decimal, "DECIMAL(18,8)"] = Field(
        default=Decimal("0.25"),
        ge=0,
        le=1,
        description="one ordinary invoice this share away from its deal is a wrong amount, else a part or too much",
    )
    rounded_to: Annotated[Decimal, "DECIMAL(18,4)"] = Field(
        default=Decimal(100), ge=0, description="what salespeople round deals to, in the deal's currency; 0: nothing"
    )
    duplicate_days: int = Field(default=31, ge=0, description="days within which equal invoices are suspect")
    repeat_days: int = Field(default=5, ge=0, description="days within which an equal part of a deal is a repetition")
    banked_days: int = Field(default=7, ge=0, description="days before money that was recorded must show at the bank")
    stale_days: int = Field(default=3, ge=1, description="days without a complete reading that make a source stale")
    terms_tolerance_days: int = Field(default=3, ge=0, description="days a due date may be off the customer's terms")
    missed_periods: int = Field(default=3, ge=1, description="periods after the last one that are asked for")
    dso_days: int = Field(default=90, ge=1, description="days of sales that the simple DSO looks back on")
    rules_off: list[str] = Field(default=[], description="link rules that are switched off, by name")
    checks_off: list[str] = Field(default=[], description="checks that are switched off, by name")


class Tolerance(Part):
    """What is tolerated of one customer; what is left out is as for all."""

    amount: Decimal | None = Field(default=None, ge=0)  # in the document's currency
    rate: Decimal | None = Field(default=None, ge=0, le=1)  # share of the amount
    days: int = Field(default=0, ge=0, le=365)  # late


class Company(Part):
    """Who we are."""

    name: str = ""
    tax_id: str = ""  # ours, and our address: what invoices must say of whoever sells
    address: str = ""
    time_zone: str = "Europe/Madrid"
    country: str = "ES"
    reporting_currency: str = "EUR"
    language: str = "en"
    contact: str = ""  # whom people ask who are stuck: a name, an e-mail address, a phone number

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("not a time zone; write it like Europe/Madrid")
        return value

    @field_validator("country")
    @classmethod
    def _known_country(cls, value: str) -> str:
        return known_country(value) if value else value

    @field_validator("reporting_currency")
    @classmethod
    def _currency_code(cls, value: str) -> str:
        if len(value) != 3 or not value.isalpha() or not value.isupper():
            raise ValueError("not a currency; write its three letters, like EUR")
        return value


class Connection(BaseModel):
    """A connected vendor. Whatever else stands in its table is an option of that vendor, such as `tax_id_property`."""

    model_config = ConfigDict(extra="allow")

    vendor: str

    @property
    def options(self) -> dict[str, Any]:
        """Return what this connection sets beyond its vendor, by option name."""
        return dict(self.__pydantic_extra__ or {})


class Mail(Part):
    """The SMTP server that sends reminders and reports. The password is a secret and is not here."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    user: str = ""
    sender: str = ""
    reply_to: str = ""
    daily_cap: int = Field(default=50, ge=0)
    signature: str = ""  # under the mails that carry invoices; the company's name where it is empty
    imap_host: str = ""  # where mails that came back are read, with the same password; empty: nowhere
    imap_port: int = Field(default=993, ge=1, le=65535)
    imap_security: str = Field(default="tls", pattern="^(starttls|tls|none)$")
    imap_user: str = ""  # `user` where it is empty
    imap_folder: str = "INBOX"
    outbox: str = ""  # where the server lists what it took, by ?message_id=; plain SMTP servers have none


class Schedule(Part):
    """Something that runs by itself: a five-field cron line in the company's time zone, empty for never."""

    cron: str = ""
    to: list[str] = []
    business_days: bool = False  # a report due on a weekend or holiday of the company's country goes out after it


class Access(Part):
    """Who may sign in, and as what. The provider's secret is in the credential store.

    Nobody has to sign in while `issuer` or `client_id` is empty; the page then answers this machine only.
    """

    issuer: str = ""  # address of the OpenID Connect provider
    client_id: str = ""
    administrator: str = ""  # whom people ask for a right; the company's contact where it is empty
    people: dict[str, Role] = {}  # by e-mail address
    claims: dict[str, Role] = {}  # by what the provider says of somebody, like "groups=finance"
    domains: dict[str, Role] = {}  # everybody with an e-mail address there
    crm_emails: dict[str, str] = {}  # by the address somebody signs in with: the one the CRM knows its salesperson by
    session_hours: int = Field(default=12, ge=1, le=168)  # until one has to sign in again
    idle_minutes: int = Field(default=60, ge=1, le=1440)  # without a click, until one has to sign in again

    @field_validator("people", "domains", "crm_emails")
    @classmethod
    def _lower(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {name.strip().lower(): held for name, held in value.items()}

    @field_validator("claims")
    @classmethod
    def _name_and_value(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if "=" not in name:
                raise ValueError(f"{name}: write the claim and its value, like groups=finance")
        return value

    @property
    def is_on(self) -> bool:
        """Return whether people have to sign in."""
        return bool(self.issuer and self.client_id)


class Rates(Part):
    """Exchange rates of the European Central Bank."""

    daily: bool = False  # fetched with the first reading of a day
    url: str = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"


class Settings(Part):
    """All of settings.toml."""

    company: Company = Company()
    connections: dict[str, Connection] = {}
    writes: dict[str, bool] = Field(default={}, description="connections that we may write to; off unless it is true")
    choices: Choices = Choices()
    tolerances: dict[str, Tolerance] = Field(default={}, description="by tax id, name or vendor:id of a customer")
    mail: Mail = Mail()
    invoicing: Invoicing = Invoicing()
    approval: Approval = Approval()
    schedules: dict[str, Schedule] = {}
    reports: Reports = Reports()
    automations: dict[str, Automation] = {}
    reminders: Reminders = Reminders()
    hooks: dict[str, WebHook] = Field(default={}, description="programs that are called when something happens")
    channels: dict[str, Channel] = Field(default={}, description="places where people are told of it")
    sync: Syncs = Syncs()
    archive: Archive = Archive()
    timeline: Timeline = Timeline()
    states: States = States()
    access: Access = Access()
    rates: Rates = Rates()
    keep_raw_days: int = Field(default=90, ge=1)

    @field_validator("automations")
    @classmethod
    def _known_flows(cls, value: dict[str, Automation]) -> dict[str, Automation]:
        for name in value:
            if name not in FLOWS:
                raise ValueError(f"{name} is no flow; there are {', '.join(FLOWS)}")
        return value

    def automation(self, flow: str) -> Automation:
        """Return how a flow runs; it suggests where nothing is said, but for quotes: they are off until switched on."""
        return self.automations.get(flow, Automation(mode="off" if flow == "quote_data" else "suggest"))

    def may_write(self, connection: str, test_key: bool = False) -> bool:
        """Return whether we may change anything at `connection`; a vendor's test key is always allowed."""
        return test_key or self.writes.get(connection, False)

    def row(self, today: dt.date, now: dt.datetime) -> Choices:
        """Return the row of table `settings` for a run on `today` that started at `now` (UTC)."""
        ours = {"time_zone": self.company.time_zone, "country": self.company.country}
        ours["reporting_currency"] = self.company.reporting_currency
        ours |= {f"seller_{name}": getattr(self.company, name).strip() for name in ("name", "tax_id", "address")}
        return self.choices.model_copy(update={"today": today, "now_at": now.replace(tzinfo=None), **ours})


def today(settings: Settings) -> dt.date:
    """Return the day in the company's time zone, or the one CUADRA_TODAY fixes. SettingsError if that is no date."""
    fixed = os.environ.get(TODAY)
    if not fixed:
        return dt.datetime.now(ZoneInfo(settings.company.time_zone)).date()
    try:
        return dt.date.fromisoformat(fixed)
    except ValueError as error:
        raise SettingsError(f'{TODAY}: "{fixed}" is not a date; write it like 2026-11-20') from error


def load(data: Path) -> Settings:
    """Return the settings in the folder `data`, defaults where the file or a key is absent. SettingsError if wrong."""
    path = data / FILE
    if not path.exists():
        return Settings()
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not in UTF-8 ({error}): save it again in that encoding") from error
    return read(text, str(path))


def read(text: str, name: str = FILE) -> Settings:
    """Return the settings written in `text`; `name` says in errors where it came from. SettingsError if wrong."""
    try:
        content = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        raise SettingsError(f"{name}: not TOML: {error}") from error
    for key in _FILLED:
        if key in content.get("choices", {}):
            raise SettingsError(f"{name}: choices.{key} is not set here; [company] holds what you may choose")
    try:
        return Settings.model_validate(_exact(content))
    except ValidationError as error:
        raise SettingsError(f"{name}: " + "; ".join(_complaint(e) for e in error.errors())) from error


def save(settings: Settings, data: Path) -> None:
    """Write `settings` into the folder `data`, keeping the comments and the order of the file that is there."""
    access.need("administer")
    path = data / FILE
    document = tomlkit.parse(path.read_text("utf-8")) if path.exists() else tomlkit.document()
    # what was set, and what was changed inside a default without being set
    content = _both(
        settings.model_dump(mode="json", exclude_unset=True), settings.model_dump(mode="json", exclude_defaults=True)
    )
    for key in _FILLED:
        content.get("choices", {}).pop(key, None)
    _merge(document, content)
    part = path.with_name(path.name + ".part")
    part.write_text(tomlkit.dumps(document), "utf-8")
    os.replace(part, path)


def _merge(into: tomlkit.TOMLDocument | Table, content: dict[str, Any]) -> None:
    """Make `into` say `content`, touching only what differs so that comments stay where they are."""
    for key in [k for k in into if k not in content]:
        if isinstance(into[key], Table) and not into[key]:
            continue  # an empty table holds only comments
        del into[key]
    for key, value in content.items():
        if isinstance(value, dict):
            if key not in into:
                into[key] = tomlkit.table()
            _merge(into[key], value)
        elif key not in into or str(into[key]) != str(value):
            fresh = tomlkit.item(value)
            held = into if isinstance(into, tomlkit.TOMLDocument) else into.value
            old = held.item(key) if key in into else None  # by index a boolean would come without its comment
            if isinstance(old, Item) and old.trivia.comment:
                fresh.comment(old.trivia.comment)
            into[key] = fresh


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in either, `other` where both say a plain value."""
    merged = one | other
    for key in one.keys() & other.keys():
        if isinstance(one[key], dict) and isinstance(other[key], dict):
            merged[key] = _both(one[key], other[key])
    return merged


def _exact(value: Any) -> Any:
    """Return `value` with TOML's floats as text, so that amounts become decimals without passing through binary."""
    if isinstance(value, dict):
        return {k: _exact(v) for k, v in value.items()}
    return str(value) if isinstance(value, float) else value


def _complaint(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{where}: no such setting"
    message = error["msg"]
    ours = message.removeprefix("Value error, ")
    return f'{where}: "{error["input"]}": {ours if ours != message else message[:1].lower() + message[1:]}'


_SQL: dict[Any, str] = {
    str: "VARCHAR",
    int: "INTEGER",  # a date less a BIGINT is no date
    dt.date: "DATE",
    dt.datetime: "TIMESTAMP",
    Money: "DECIMAL(18,4)",
    Rate: "DECIMAL(18,8)",
    list[str]: "VARCHAR[]",
}


def columns() -> list[tuple[str, str, str]]:
    """Return (name, SQL type, comment) of each column of table `settings`."""
    found = []
    for name, field in Choices.model_fields.items():
        sql = next((m for m in field.metadata if isinstance(m, str)), "") or _SQL[field.annotation]
        found.append((name, sql, field.description or ""))
    return found
