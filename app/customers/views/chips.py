"""Filters of the list in words: what the chips say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from app.core.web.format import of_request
from app.core.web.template import here, without
from app.customers.schemas.lists import CustomerFilter
from app.customers.values import COUNTRY_WORDS, PREFIX, STAGE_WORDS, FieldInfo

CONSENT_WORDS = {"subscribed": "given", "pending": "not confirmed", "unsubscribed": "withdrawn", "none": "never asked"}


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in words, and the address without it."""

    name: str
    says: str
    remove: str


def chips(given: CustomerFilter, custom: Mapping[str, FieldInfo]) -> list[Chip]:
    """Return the active filters, in the order in which the filter form has them; the search has a field of its own."""
    return [*_choices(given), *_figures(given), *_days(given), *_own(given, custom)]


def _choices(given: CustomerFilter) -> Iterator[Chip]:
    for code in given.country:
        yield Chip("Country", f"is {COUNTRY_WORDS.get(code.upper(), code)}", without("country", code))
    for stage in given.stage:
        yield Chip("Stage", f"is {STAGE_WORDS[stage]}", without("stage", stage))
    for tag in given.tag:
        yield Chip("Tag", f"is {tag}", without("tag", tag))
    for state in given.consent:
        yield Chip("E-mail consent", CONSENT_WORDS[state], without("consent", state))
    if given.suppressed is not None:
        yield Chip("Address", "is suppressed" if given.suppressed else "is not suppressed", here(suppressed=None))


def _figures(given: CustomerFilter) -> Iterator[Chip]:
    if given.has_order is not None:
        yield Chip("Orders", "at least one" if given.has_order else "none", here(has_order=None))
    if given.value_at_least is not None:
        yield Chip("Lifetime value", f"at least {of_request().money(given.value_at_least)}", here(value_at_least=None))


def _days(given: CustomerFilter) -> Iterator[Chip]:
    if given.created_within:
        yield Chip("Came in", f"in the last {_span(given.created_within)}", here(created_within=None))
    if given.created_since:
        yield Chip("Came in", f"since {_day(given.created_since)}", here(created_since=None))
    if given.created_until:
        yield Chip("Came in", f"until {_day(given.created_until)}", here(created_until=None))
    if given.seen_within:
        yield Chip("Last seen", f"in the last {_span(given.seen_within)}", here(seen_within=None))


def _own(given: CustomerFilter, custom: Mapping[str, FieldInfo]) -> Iterator[Chip]:
    if given.import_id is not None:
        yield Chip("Import", f"{given.import_id}", here(import_id=None))
    for key, value in given.fields.items():
        info = custom.get(PREFIX + key)
        yield Chip(info.label if info else key, f"is {value}", here(**{PREFIX + key: None}))


def _span(days: int) -> str:
    return "day" if days == 1 else f"{days:,} days"


def _day(day: date) -> str:
    return of_request().day(day)
