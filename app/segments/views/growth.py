"""Members over time, as the page of a segment and its builder show them."""

from datetime import timedelta
from typing import Any

from app.core.time import now
from app.core.web import dates
from app.segments import figures
from app.segments.models import Segment
from app.segments.queries import members
from app.segments.vocabulary import Vocabulary


def history(segment: Segment, words: Vocabulary) -> dict[str, Any]:
    """Return members by day of four weeks, the picture of them, and why most of those who left did so."""
    at = now()
    since = at - timedelta(days=figures.DAYS)
    today = at.astimezone(words.zone).date()
    growth = figures.by_day(members.series(segment.id, since), today, words.zone)
    names = [dates.day(day, today, words.locale) for day in growth.days]
    return {
        "growth": growth,
        "chart": figures.chart(growth, names),
        "why_left": figures.main_cause(members.causes(segment.id, since), entered=False),
    }
