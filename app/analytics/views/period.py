"""What the reports' pages share: the period that was asked for, its words, and the bars of its pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from flask import request

from app.analytics import figures
from app.analytics.periods import DAYS, Days, step
from app.analytics.schemas import PeriodQuery
from app.analytics.service.reports import Report, report
from app.core.errors import Invalid
from app.core.web import dates
from app.core.web.form import Form
from app.core.web.numbers import known_locale
from app.core.web.principal import Principal
from app.delivery.definitions import DEFINITIONS, FORMULAS

PERIODS = (("7d", "Last 7 days"), ("28d", "Last 28 days"), ("90d", "Last 90 days"), ("12m", "Last 12 months"))
COMPARED = (("previous", "Previous period"), ("year", "A year before"), ("none", "Nothing"))
SHOWN = 100
"""Campaigns on a page; the file has all."""
SEGMENTS = "/overview/segments"
"""Has windows of its own instead of periods."""
TABS = (("Overview", "/overview"), ("Return", "/overview/roi"), ("Funnel", "/overview/funnel"), ("Segments", SEGMENTS))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, what it came to, and whether it fitted (if not, the last 28 days are shown)."""

    form: Form[PeriodQuery]
    query: PeriodQuery
    report: Report

    @property
    def status(self) -> int:
        """Return the status of the answer."""
        return 422 if self.form.errors else 200

    @property
    def own(self) -> bool:
        """Tell whether the reader chose the days."""
        return self.query.first is not None


def asked(caller: Principal, *, with_people: bool = False) -> Asked:
    """Return the report for the address; bad values are shown beside the default one."""
    form = Form(PeriodQuery, request.args)
    try:
        query = form.parse()
        return Asked(form, query, report(caller.workspace_id, query, with_people=with_people))
    except Invalid as no:
        form.refuse(no)
        query = PeriodQuery()
        return Asked(form, query, report(caller.workspace_id, query, with_people=with_people))


def parts(found: Asked, path: str) -> dict[str, Any]:
    """Return what every report's page needs."""
    days = found.report.now.days
    kept = {name: request.args[name] for name in ("period", "from", "to", "compare") if request.args.get(name) and not found.form.errors}
    query = "&".join(f"{name}={value}" for name, value in kept.items())
    tail = f"?{query}" if query else ""
    return {
        "asked": found,
        "report": found.report,
        "now": found.report.now,
        "before": found.report.before,
        "days": days,
        "step": step(days),
        "tabs": [{"label": label, "href": href if href == SEGMENTS else href + tail, "current": href == path} for label, href in TABS],
        "path": path,
        "tail": tail,
        "periods": PERIODS,
        "compared": COMPARED,
        "compared_words": compared_words(found),
        "zone_name": found.report.zone.key.rpartition("/")[2].replace("_", " "),
        "definitions": DEFINITIONS,
        "formulas": FORMULAS,
    }


def compared_words(found: Asked) -> str:
    """Return what the figures are compared with, as the page says it."""
    if found.report.before is None:
        return "compared with nothing"
    if found.query.compare == "year":
        return "compared with the same days a year before"
    length = found.report.now.days.length
    whole_year = not found.own and found.query.period not in DAYS
    return (
        "compared with the year before"
        if whole_year
        else "compared with the day before"
        if length == 1
        else f"compared with the {length} days before"
    )


def bars(found: Asked, caller: Principal) -> Sequence[str]:
    """Return the names of the bars of a picture of the period."""
    locale = caller.workspace.locale if caller.workspace else "en"
    known = known_locale(locale)

    def write(day: date) -> str:
        return dates.day(day, found.report.today, locale)

    def month(day: date) -> str:
        return str(format_date(day, "MMM y", locale=known))

    return figures.labels(found.report.now.days, write, month)


def summed(days: Days, by_bar: Any, name: str) -> list[int]:
    """Return one figure for each bar."""
    return figures.series(days, figures.by_first(by_bar, name))
