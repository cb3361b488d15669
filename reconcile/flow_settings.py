"""Settings of what flows do: when a deal is invoiced, who agrees to it, how far it goes by itself, who is reminded."""

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from extract.values import country_code
from reconcile.part import Part

# in the order they unlock; the last three write no invoice and wait for none
FLOWS = ("deal_to_invoice", "payment_to_crm", "overdue_to_reminder", "customer_data", "product_data", "quote_data")
TRIGGERS = ("won", "stage", "quote", "service", "paid", "order")  # what may make a deal due to be invoiced
STAGED = ("stage", "service", "order")  # triggers that wait for stages of the CRM


def known_country(code: str) -> str:
    """Return a country's code. ValueError where it is none: no customer would ever be of it."""
    if country_code(code) != code:
        raise ValueError(f"{code} is no country; write its two letters, like ES")
    return code


def amounts(value: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return amounts by currency. ValueError where a currency is no code: nothing would ever be in it."""
    for currency, limit in value.items():
        if len(currency) != 3 or not currency.isalpha() or not currency.isupper() or limit < 0:
            raise ValueError(f"{currency} {limit}: write a currency and an amount, like EUR = 10000")
    return value


class Series(Part):
    """A numbering series: how its numbers begin, and which deals it is for. What is left empty fits all."""

    name: str = Field(min_length=1, max_length=16, pattern=r"^[A-Z0-9{}a-z/_-]+$")  # {year} is the year of issue
    pipeline: str = ""  # id of the CRM's pipeline
    country: str = ""  # of the customer
    digits: int = Field(default=4, ge=1, le=9)
    first: int = Field(default=1, ge=1)  # where no number of the series is known yet


class Invoicing(Part):
    """How a won deal becomes an invoice, and what is told to whom afterwards."""

    crm: str = ""  # connections; empty: the only one of its kind that can do it
    billing: str = ""
    issue: bool = False  # else a draft waits to be reviewed; the worklist then offers to issue it
    send: bool = False  # sending an invoice issues it
    send_by: Literal["billing", "mail"] = "billing"  # who sends the e-mail: the billing system, or our own server
    attach: Literal["pdf", "link"] = "pdf"  # what our own mail carries: the PDF, or a link to the invoice online
    write_back: bool = True
    terms_days: int = Field(default=30, ge=0, le=365)
    tax_rates: dict[str, Decimal] = {}  # percent by the customer's country, "*" for all others; asked where neither is
    message: str = ""  # printed on every invoice
    series: list[Series] = []  # none: billing numbers by itself; where none fits a deal, a person is asked
    triggers: list[str] = []  # what makes a deal due at once; where nothing is said a won deal is, after days of grace
    stages: dict[str, list[str]] = {}  # ids of the CRM's stages that the triggers stage, service and order wait for
    # percent asked ahead, by pipeline; "*": of deals that the CRM says have a deposit
    deposits: dict[str, Decimal] = {}

    @field_validator("series")
    @classmethod
    def _clear_series(cls, value: list[Series]) -> list[Series]:
        fits = [(s.pipeline, s.country) for s in value]
        if twice := next((f for f in fits if fits.count(f) > 1), None):
            raise ValueError(
                f"two series are for pipeline {twice[0] or 'any'} and country {twice[1] or 'any'}: keep one"
            )
        return value

    @field_validator("triggers")
    @classmethod
    def _known_triggers(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in TRIGGERS:
                raise ValueError(f"{name} is no trigger; there are {', '.join(TRIGGERS)}")
        return list(dict.fromkeys(value))

    @field_validator("stages")
    @classmethod
    def _known_stages(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        for name in value:
            if name not in STAGED:
                raise ValueError(f"{name} waits for no stage; there are {', '.join(STAGED)}")
        return value

    @field_validator("tax_rates")
    @classmethod
    def _rates(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for country, rate in value.items():
            if country != "*":
                known_country(country)
            if not 0 <= rate <= 100:
                raise ValueError(f"{country} {rate}: a tax is between 0 and 100 percent")
        return value

    @field_validator("deposits")
    @classmethod
    def _percents(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        for percent in value.values():
            if not 0 < percent < 100:
                raise ValueError("a deposit is more than 0 and less than 100 percent")
        return value


class Approval(Part):
    """Which invoices somebody else than who pressed has to agree to before they are issued."""

    above: dict[str, Decimal] = {}  # gross amount by currency; where any is set, other currencies always need it

    @field_validator("above")
    @classmethod
    def _limits(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        return amounts(value)


class Automation(Part):
    """How far a flow goes by itself, for whose deals, and how often a day. What a person clicks has no cap."""

    mode: Literal["off", "suggest", "automatic"] = "suggest"
    owners: list[str] = []  # ids of salespeople; all where it is empty
    pipelines: list[str] = []  # ids of the CRM's pipelines; all where it is empty
    countries: list[str] = []  # of the customer, ISO 3166-1 alpha-2; all where it is empty
    ceiling: dict[str, Decimal] = {}  # by currency: what is worth more, or is in another currency, waits for a click
    daily_cap: int = Field(default=25, ge=0)

    @field_validator("ceiling")
    @classmethod
    def _limits(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        return amounts(value)


class Reminders(Part):
    """When and to whom reminders of overdue invoices go. How far they go by themselves is said in [automations]."""

    days: list[int] = [7, 15, 30]  # late, from which levels 1, 2 and 3 go out
    from_hour: int = Field(default=9, ge=0, le=23)  # by themselves only in these hours, in the company's time zone
    to_hour: int = Field(default=18, ge=1, le=24)
    business_days: bool = True  # by themselves not on weekends and holidays of the customer's country
    opt_out: list[str] = []  # tax id, name, e-mail or connection:id of customers who get none
    tasks: bool = True  # a task in the CRM for the deal's owner at each level
    finance: str = ""  # address that is told of each invoice later than `finance_days`
    finance_days: int = Field(default=30, ge=1)
    interest: bool = False  # level 3 names the statutory interest and the fixed sum
    attach: bool = False  # the PDFs of the invoices go with the letter
    notice: bool = False  # a letter before anything is late, to those who have not paid
    notice_days: int = Field(default=0, ge=0, le=30)  # so many days before the due date; 0 is the day itself
    bills: bool = False  # finance is reminded of bills to pay
    bills_days: int = Field(default=3, ge=0, le=60)  # so many days before they are due

    @field_validator("days")
    @classmethod
    def _three_levels(cls, value: list[int]) -> list[int]:
        if len(value) != 3 or value != sorted(set(value)) or value[0] < 1:
            raise ValueError("say three numbers of days, each more than the one before, like [7, 15, 30]")
        return value

    @model_validator(mode="after")
    def _by_day(self) -> Self:
        if self.from_hour >= self.to_hour:
            raise ValueError(f"to_hour is {self.to_hour}: say an hour after from_hour, which is {self.from_hour}")
        return self
