"""What narrows a list of customers, as conditions that indexes serve."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.core.errors import Invalid
from app.core.time import now
from app.customers.coerce import Place, coerce, sentence
from app.customers.models import Consent, Customer, CustomerStats, Suppression
from app.customers.models.consent import EVERY_TOPIC
from app.customers.models.customers import name_key, search_text
from app.customers.models.fields import last_seen_key
from app.customers.models.imports import Act
from app.customers.queries.imports import concerned
from app.customers.schemas.lists import CustomerFilter
from app.customers.values import PREFIX, FieldInfo

_RUN = re.compile(r"[^\W_]{3}|[^\W_]{2}[\W_]|[\W_][^\W_]")
"""What a trigram index needs to find anything: three letters or digits in a row, or the edge of a word within the text."""
_DIALLED = re.compile(r"[+(]?[0-9][0-9()./-]*")
_FEWEST_DIGITS = 4
"""Of what may be the beginning or the end of a phone."""
_PAIR = re.compile(r"[^\W_]{2}")


@dataclass(slots=True)
class Wanted:
    """Conditions on customers of one workspace; `stats`: they speak of computed columns, which must be joined."""

    workspace_id: int
    conditions: list[sa.ColumnElement[bool]] = field(default_factory=list)
    stats: bool = False

    def add(self, condition: sa.ColumnElement[bool], *, stats: bool = False) -> None:
        """Add a condition."""
        self.conditions.append(condition)
        self.stats = self.stats or stats

    def select(self, *columns: Any, stats: bool = False) -> sa.Select[*tuple[Any, ...]]:
        """Return a select of these columns of who fits, unordered."""
        statement = sa.select(*columns).select_from(Customer).where(Customer.workspace_id == self.workspace_id, *self.conditions)
        if self.stats or stats:
            same = sa.and_(CustomerStats.workspace_id == self.workspace_id, CustomerStats.customer_id == Customer.id)
            statement = statement.join(CustomerStats, same)
        return statement


def find(workspace_id: int, given: CustomerFilter, custom: Mapping[str, FieldInfo], place: Place) -> Wanted:
    """Return the conditions of a list. `custom` are the custom fields by path. Raises Invalid naming a field that does not fit."""
    wanted = Wanted(workspace_id)
    for word in search(given.q or ""):
        wanted.add(word)
    if given.country:
        wanted.add(Customer.country.in_([code.upper() for code in given.country]))
    if given.stage:
        wanted.add(Customer.stage.in_(given.stage))
    if given.tag:
        wanted.add(Customer.tags.overlap(given.tag))
    if given.import_id is not None:
        wanted.add(Customer.id.in_(concerned(workspace_id, given.import_id, Act.CREATED, Act.UPDATED)))
    _permission(wanted, given)
    _figures(wanted, given)
    _days(wanted, given, ZoneInfo(place.zone))
    _custom(wanted, given.fields, custom, place)
    return wanted


def search(words: str) -> list[sa.ColumnElement[bool]]:
    """Return a condition per word: part of the searched text, or the beginning of a name or address where a word is short.

    Words of digits that follow each other may be a phone as well.
    """
    named: list[str] = []
    numbers = []
    for dialled, run in groupby(words.split(), lambda word: bool(_DIALLED.fullmatch(word))):
        together = list(run)
        if dialled and sum(map(str.isdigit, "".join(together))) >= _FEWEST_DIGITS:
            numbers.append(_number(together))
        else:
            named += together
    return numbers + _text(named)


def _number(run: list[str]) -> sa.ColumnElement[bool]:
    """Return that a phone begins or ends with these digits, or that the searched text has them."""
    digits = re.sub(r"\D", "", "".join(run))
    national = digits.lstrip("0")
    options: list[sa.ColumnElement[bool]] = [Customer.phone.like(f"+{digits.removeprefix('00')}%"), Customer.phone.like(f"{digits}%")]
    if national:
        options.append(sa.func.reverse(Customer.phone).like(f"{national[::-1]}%"))
    if any(_RUN.search(word) for word in run):
        options.append(sa.and_(*_text(run)))
    return sa.or_(*options)


def _text(found: list[str]) -> list[sa.ColumnElement[bool]]:
    long = [word for word in found if _RUN.search(word)]
    if not long:
        return [_begins(_plain(word)) for word in found]
    # the longest first: the trigrams of one find the few in whom the others are looked for
    return [search_text().ilike(f"%{_plain(word)}%") for word in sorted(found, key=len, reverse=True)]


def _begins(word: str) -> sa.ColumnElement[bool]:
    """Return that a name or an address begins so, or with two letters any word of the searched text."""
    beginnings = [key.like(sa.func.lower(f"{word}%")) for key in (name_key(), sa.func.lower(Customer.email))]
    return sa.or_(*beginnings, *([search_text().ilike(f"% {word}%")] if _PAIR.fullmatch(word) else []))


def _plain(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _permission(wanted: Wanted, given: CustomerFilter) -> None:
    state = sa.select(Consent.customer_id).where(
        Consent.workspace_id == wanted.workspace_id,
        Consent.customer_id == Customer.id,
        Consent.channel == "email",
        Consent.topic_id == EVERY_TOPIC,
    )
    named = [one for one in given.consent if one != "none"]
    options: list[sa.ColumnElement[bool]] = [sa.exists(state.where(Consent.state.in_(named)))] if named else []
    if "none" in given.consent:
        options.append(~sa.exists(state))
    if options:
        wanted.add(sa.or_(*options))
    if given.suppressed is not None:
        listed = sa.exists().where(Suppression.workspace_id == wanted.workspace_id, Suppression.email == sa.func.lower(Customer.email))
        wanted.add(listed if given.suppressed else ~listed)


def _figures(wanted: Wanted, given: CustomerFilter) -> None:
    if given.has_order is not None:
        wanted.add(CustomerStats.orders_count > 0 if given.has_order else CustomerStats.orders_count == 0, stats=True)
    if given.value_at_least is not None:
        wanted.add(CustomerStats.lifetime_value >= given.value_at_least, stats=True)


def _days(wanted: Wanted, given: CustomerFilter, zone: ZoneInfo) -> None:
    if given.created_since:
        wanted.add(Customer.created_at >= _start(given.created_since, zone))
    if given.created_until:
        wanted.add(Customer.created_at < _start(given.created_until + timedelta(days=1), zone))
    if given.created_within:
        wanted.add(Customer.created_at >= now() - timedelta(days=given.created_within))
    if given.seen_within:
        wanted.add(last_seen_key() >= now() - timedelta(days=given.seen_within), stats=True)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _custom(wanted: Wanted, given: Mapping[str, str], custom: Mapping[str, FieldInfo], place: Place) -> None:
    for key, text in given.items():
        info = custom.get(PREFIX + key)
        if info is None:
            raise Invalid({PREFIX + key: "There is no such field."})
        try:
            value = coerce(info, text, place)
        except ValueError as problem:
            raise Invalid({PREFIX + key: sentence(problem)}) from None
        if value is not None:
            wanted.add(Customer.attributes.contains({key: value}))
