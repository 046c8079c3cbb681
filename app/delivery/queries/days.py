"""Figures of periods: whole days of UTC from `mailing_days`, and what lies between a local midnight and that of UTC from the hours.

Hours are of UTC. A local day is made of the hours that **begin** in it: exact in zones whole hours from UTC; where a day begins at half
past (India) or a quarter to the hour (Nepal), the hour over midnight counts to the day in which it began, so up to 59 minutes lie a day
early. Figures of bars still add up to the figures of the period, which has the same edges, and of all mailings.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from app.core.days import Strip, midnight, starts, strips
from app.core.db import session
from app.delivery.models import MailingDay, MailingHour
from app.delivery.queries.figures import NAMES, Figures, total


@dataclass(frozen=True, slots=True)
class Period:
    """Figures of some days: by bar (its first day), by mailing, and together."""

    by_bar: Mapping[date, Figures]
    by_mailing: Mapping[int, Figures]
    total: Figures


def of_bars(workspace_id: int, firsts: Sequence[date], end: date, zone: ZoneInfo) -> Period:
    """Return the figures from the first of some local days until before `end`, a bar from each of `firsts` (rising) to the next.

    Mailings without any are left out, bars without any may be.
    """
    edges = [starts(day, zone) for day in (*firsts, end)]
    bars = [Figures() for _ in firsts]
    mailings: dict[int, Figures] = {}
    for bar, mailing_id, figures in _whole_days(workspace_id, [midnight(edge).date() for edge in edges]):
        if bar is not None:
            bars[bar - 1] += figures
        else:
            mailings[mailing_id] = figures
    cut = strips(edges)
    for at, whose, figures in _hours(workspace_id, cut, len(firsts)):
        place = cut[at - 1].place
        gains, loses = (place, place - 1) if cut[at - 1].early else (place - 1, place)
        if gains in range(len(bars)):
            bars[gains] += figures
        if loses in range(len(bars)):
            bars[loses] -= figures
        if whose is not None:
            old = mailings.get(whose, Figures())
            mailings[whose] = old + figures if gains in range(len(bars)) else old - figures
    found = {mailing_id: figures for mailing_id, figures in mailings.items() if figures != Figures()}
    return Period(dict(zip(firsts, bars, strict=True)), found, total(bars))


def _sums(table: type[MailingDay | MailingHour]) -> list[sa.ColumnElement[int]]:
    return [sa.cast(sa.func.sum(getattr(table, name)), sa.BigInteger) for name in NAMES]


def _whole_days(workspace_id: int, edges: Sequence[date]) -> Iterable[tuple[int | None, int, Figures]]:
    """Yield (bar from 1 or None, mailing or None, figures) of days of UTC: by bar, then by mailing."""
    place = sa.func.width_bucket(MailingDay.day, sa.cast(list(edges), sa.ARRAY(sa.Date))).label("place")
    sets = sa.func.grouping_sets(sa.tuple_(place), sa.tuple_(MailingDay.mailing_id))
    mine = (MailingDay.workspace_id == workspace_id, MailingDay.day >= edges[0], MailingDay.day < edges[-1])
    for row in session().execute(sa.select(place, MailingDay.mailing_id, *_sums(MailingDay)).where(*mine).group_by(sets)):
        yield row[0], row[1], Figures(*row[2:])


def _hours(workspace_id: int, cut: Sequence[Strip], last: int) -> Iterable[tuple[int, int | None, Figures]]:
    """Yield (strip from 1, mailing, figures) of hours.

    The mailing is told at the edges of the whole only, 0 and `last`: within it, what one bar loses another gains.
    """
    if not cut:
        return
    given = [[getattr(strip, name) for strip in cut] for name in ("low", "high")]
    arrays = (sa.cast(moments, sa.ARRAY(sa.DateTime(timezone=True))) for moments in given)
    strip = sa.func.unnest(*arrays).table_valued("low", "high", with_ordinality="place").render_derived()
    outer = [at for at, strip_ in enumerate(cut, 1) if strip_.place in (0, last)]
    whose = sa.case((strip.c.place.in_(outer), MailingHour.mailing_id))
    mine = (MailingHour.workspace_id == workspace_id, MailingHour.hour >= strip.c.low, MailingHour.hour < strip.c.high)
    wanted = sa.select(strip.c.place, whose, *_sums(MailingHour)).select_from(strip).join(MailingHour, sa.and_(*mine))
    for row in session().execute(wanted.group_by(strip.c.place, whose)):
        yield row[0], row[1], Figures(*row[2:])
