"""Settings of what is told to others: deals in the CRM, the archive, web hooks and channels, reports."""

import datetime as dt
from typing import Any, Literal

from pydantic import Field, field_validator

from reconcile.part import Part

EVENTS = (  # that web hooks and channels can be told of
    "finding.opened", "finding.fixed", "customer.created", "invoice.created", "invoice.waiting", "invoice.issued",
    "invoice.sent", "invoice.very_late", "payment.received", "payment.matched", "deal.first_payment",
    "deal.paid", "deal.updated", "reminder.sent", "reminder.bounced", "report.delivered",
)  # fmt: skip
STATES = ("draft", "issued", "sent", "overdue", "partly_paid", "paid")  # of an invoice, as a deal shows them
CHANNELS = ("email", "pdf", "xlsx", "csv", "sheets", "notion", "slack")  # that a report can go to


class States(Part):
    """What a deal shows of its invoice's state: the word for each state, and the stage that the deal moves to."""

    always: bool = False  # also sent, overdue and reminded, with their days; else when it is made and when it is paid
    since: dt.date | None = None  # of deals won from this day on
    words: dict[str, str] = {}  # by state; the state itself where nothing is said
    stages: dict[str, dict[str, str]] = {}  # by id of the pipeline: state → id of the stage

    @field_validator("words", "stages")
    @classmethod
    def _known_states(cls, value: dict[str, Any]) -> dict[str, Any]:
        named = [name for said in value.values() if isinstance(said, dict) for name in said] or list(value)
        if strange := [name for name in named if name not in STATES]:
            raise ValueError(f"{strange[0]} is no state; there are {', '.join(STATES)}")
        return value


class Timeline(Part):
    """Which facts of billing and bank become notes in the CRM by the flow payment → CRM; a click needs no setting."""

    payments: bool = False
    invoices: bool = False
    since: dt.date | None = None  # only of this day and later


class Archive(Part):
    """Where the PDF of each issued document is kept. Secrets of the place are in the credential store."""

    by_itself: bool = False  # after each reading
    files: bool = True  # in the place named below, as Year/Month/Customer/number.pdf
    crm: bool = False  # as a note with the file, on the deal or the customer
    accounting: str = ""  # address that gets one mail per document; empty: none
    since: dt.date | None = None  # the CRM and accounting get what was issued from this day on
    scheme: Literal["fs", "s3", "webdav", "gdrive", "onedrive", "dropbox"] = "fs"
    options: dict[str, str] = {}  # of the place, by OpenDAL's names; a folder has `root`

    @field_validator("accounting")
    @classmethod
    def _an_address(cls, value: str) -> str:
        local, at, domain = value.partition("@")
        if value and not (local and at and "." in domain):
            raise ValueError("not an e-mail address; write it like invoices@example.com")
        return value


class Listener(Part):
    """Who is told of what happens. Addresses that are secrets are in the credential store."""

    events: list[str] = []
    is_on: bool = True
    private: bool = False  # addresses of this machine and of the network it is in are allowed

    @field_validator("events")
    @classmethod
    def _known_events(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in EVENTS:
                raise ValueError(f"{name} is no event; there are {', '.join(EVENTS)}")
        return value


class WebHook(Listener):
    """A program that is called at an address, each call signed as Standard Webhooks say."""

    url: str = ""


class Channel(Listener):
    """Where people read a message: Slack by its incoming web hook, others by an address of Apprise."""

    kind: Literal["slack", "apprise"] = "slack"
    owners: list[str] = []  # only what is of these salespeople; all where it is empty
    digest: Literal["", "hour", "day"] = ""  # one message for all of an hour or a day; empty: one each


class PdfService(Part):
    """A service that sets the report's PDF instead of us: it gets the report as JSON and answers with the file."""

    url: str = ""  # empty: the PDF is ours
    seconds: float = Field(default=30, gt=0, le=300)  # that it may take; then ours goes out


class Reports(Part):
    """Where the weekly and monthly report goes. Who gets the mail is said in [schedules.week] and [schedules.month]."""

    channels: list[str] = ["email"]
    languages: dict[str, str] = {}  # by recipient; the company's where it is not said
    logo: str = ""  # a PNG, JPEG or SVG for the PDF
    address: str = ""  # where readers open the dashboard, for the link in mails
    sheet: str = ""  # Google Sheet, its address or id
    notion_page: str = ""  # Notion page that the reports are put under, its address or id
    pdf_service: PdfService = PdfService()

    @field_validator("channels")
    @classmethod
    def _known_channels(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in CHANNELS:
                raise ValueError(f"{name} is no channel; there are {', '.join(CHANNELS)}")
        return value
