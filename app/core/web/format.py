"""The filters of templates: numbers, dates and money in the workspace's locale, zone and currency (DESIGN §6)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask, g, has_request_context
from markupsafe import Markup

from app.core import time
from app.core.web import dates, numbers
from app.core.web.numbers import MISSING, Number
from app.core.web.principal import caller_of_request


@dataclass(frozen=True, slots=True)
class Formats:
    """How one workspace writes its figures. Every public method is a Jinja filter of the same name."""

    locale: str = "en"
    zone: str = "UTC"
    currency: str = "USD"
    clock: Callable[[], datetime] = time.now

    def count(self, value: int | None) -> str:
        """`48,210`."""
        return numbers.count(value, self.locale)

    def short(self, value: int | None) -> str:
        """`1.2 M` with the exact count on hover; exact below a million."""
        text, exact = numbers.short(value, self.locale), numbers.count(value, self.locale)
        return text if text == exact else Markup('<span title="{}">{}</span>').format(exact, text)

    def decimal(self, value: Number | None, places: int = 2) -> str:
        """`1,204.50`."""
        return numbers.decimal(value, places, self.locale)

    def percent(self, part: Number | None, whole: Number | None) -> str:
        """`18.3 %` of a whole."""
        return numbers.percent(part, whole, self.locale)

    def rate(self, value: Number | None) -> str:
        """`18.3 %` from a fraction."""
        return numbers.rate(value, self.locale)

    def share(self, part: int | None, whole: int | None) -> str:
        """`3,894 of 21,307`."""
        return numbers.share(part, whole, self.locale)

    def interval(self, low: Number | None, high: Number | None, places: int = 2) -> str:
        """`0.30 to 1.24`."""
        return numbers.interval(low, high, places, self.locale)

    def rate_interval(self, low: Number | None, high: Number | None) -> str:
        """`37.8 % – 38.6 %` from fractions."""
        return numbers.rate_interval(low, high, self.locale)

    def p_value(self, value: float | None) -> str:
        """`0.030`, `< 0.0001`."""
        return numbers.p_value(value, self.locale)

    def change(self, now: Number | None, was: Number | None) -> str:
        """`↑ 16.1 %` of an amount."""
        return numbers.change(now, was, self.locale)

    def points(self, now: Number | None, was: Number | None, *, word: bool = False) -> str:
        """`↑ 0.8` of a rate given as fraction."""
        return numbers.points(now, was, self.locale, word=word)

    def tone(self, now: Number | None, was: Number | None, better: str = "up") -> str:
        """`good` or `bad`, for the colour that agrees with the arrow."""
        return numbers.tone(now, was, better)

    def money(self, minor: int | None, currency: str | None = None) -> str:
        """`$4,812.40`, exact."""
        return numbers.money(minor, currency or self.currency, self.locale)

    def money_sum(self, minor: int | None, currency: str | None = None) -> str:
        """`$39,525`, for sums."""
        return numbers.money_sum(minor, currency or self.currency, self.locale)

    def money_mean(self, total_minor: int | None, people: int | None, currency: str | None = None) -> str:
        """`$1.423`, per customer."""
        return numbers.money_mean(total_minor, people, currency or self.currency, self.locale)

    def money_short(self, minor: int | None, currency: str | None = None) -> str:
        """`$20k`, on axes."""
        return numbers.money_short(minor, currency or self.currency, self.locale)

    def size(self, octets: int | None) -> str:
        """`4.6 MB`."""
        return numbers.size(octets, self.locale)

    def duration(self, seconds: float | timedelta | None, *, about: bool = False) -> str:
        """`6 min 40 s`, `2.6 d`."""
        return dates.duration(seconds, self.locale, about=about)

    def day(self, value: date | None) -> str:
        """`14 Nov`, for a day without an hour."""
        return dates.day(value, self._today(), self.locale)

    def heading(self, value: date | datetime) -> str:
        """`Today`, `Saturday, 14 November`: over a day of a timeline."""
        found = value.astimezone(ZoneInfo(self.zone)).date() if isinstance(value, datetime) else value
        return dates.heading(found, self._today(), self.locale)

    def when(self, moment: datetime | None) -> str:
        """`10:50`, `Sat 14:20`, `14 Nov`, `14 Nov 2025` as `<time>`, the full date with its zone on hover."""
        return self._time(moment, dates.when(moment, self.clock(), self.zone, self.locale))

    def hour(self, moment: datetime | None) -> str:
        """`10:50` as `<time>`, where the day stands above."""
        return self._time(moment, dates.hour(moment, self.zone, self.locale) if moment else "")

    def ago(self, moment: datetime | None) -> str:
        """`12 min ago` as `<time>`, which grows older by itself; beyond a day as `when`."""
        now = self.clock()
        words = dates.ago(moment, now, self.zone, self.locale)
        young = moment is not None and timedelta(0) <= now - moment < timedelta(days=1)
        return self._time(moment, words, Markup(" data-ago") if young else "")

    def _today(self) -> date:
        return self.clock().astimezone(ZoneInfo(self.zone)).date()

    def _time(self, moment: datetime | None, words: str, more: str = "") -> str:
        if moment is None:
            return MISSING
        full = dates.in_full(moment, self.zone, self.locale)
        stamp = moment.isoformat(timespec="seconds")
        return Markup('<time datetime="{}" title="{}"{}>{}</time>').format(stamp, full, more, words)


FILTERS = tuple(name for name in vars(Formats) if not name.startswith("_") and callable(getattr(Formats, name)))


def of_request() -> Formats:
    """Return how the caller's workspace writes; English, UTC and dollars where there is none."""
    if not has_request_context():
        return Formats()
    if "formats" not in g:
        caller = caller_of_request()
        at = caller.workspace if caller else None
        g.formats = Formats(at.locale, at.zone, at.currency) if at else Formats()
    return g.formats  # type: ignore[no-any-return]


def _filter(name: str) -> Callable[..., str]:
    def apply(*values: object, **options: object) -> str:
        return getattr(of_request(), name)(*values, **options)  # type: ignore[no-any-return]

    return apply


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters.update({name: _filter(name) for name in FILTERS})
