"""When customers are not written to by themselves: at night, on weekends, on their country's holidays."""

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from reconcile.action import Sentence
from reconcile.settings import Settings


def quiet(country: str, settings: Settings, moment: dt.datetime) -> Sentence | None:
    """Return why nothing is sent to a country at an instant; None where it may be.

    Hours are those of the company's time zone. A country of which no holidays are known has weekends only.
    """
    said, here = settings.reminders, moment.astimezone(ZoneInfo(settings.company.time_zone))
    if said.business_days and _is_free(country or settings.company.country, here.date()):
        return Sentence(text="{day} is no business day in {country}.",
                        values={"day": str(here.date()), "country": country or settings.company.country})  # fmt: skip
    if not said.from_hour <= here.hour < said.to_hour:
        return Sentence(text="It is {time}: reminders go out between {first}:00 and {last}:00.",
                        values={"time": f"{here:%H:%M}", "first": str(said.from_hour),
                                "last": str(said.to_hour)})  # fmt: skip
    return None


def business_day(country: str, day: dt.date) -> dt.date:
    """Return the day itself, or the next one on which a country works. Of an unknown country only weekends count."""
    while _is_free(country, day):
        day += dt.timedelta(days=1)
    return day


def _is_free(country: str, day: dt.date) -> bool:
    return not _calendar(country).is_working_day(day)


@lru_cache(maxsize=64)
def _calendar(country: str) -> holidays.HolidayBase:
    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return holidays.HolidayBase()
