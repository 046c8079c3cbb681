"""Home: how it goes, beside how it went before."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from app.analytics import figures
from app.analytics.periods import buckets
from app.analytics.queries import campaigns, people
from app.analytics.queries import segments as segment_queries
from app.analytics.service import segments
from app.analytics.service.reports import Section
from app.analytics.views.period import Asked, asked, bars, parts, summed
from app.analytics.views.segments import drawn
from app.core.web.pages import Pages
from app.core.web.principal import Principal

pages = Pages("overview", __name__)
CAMPAIGNS, SEGMENTS = 8, 5
"""Rows on this page; their own pages have more."""


@pages.get("/overview", permission="analytics.view")
def overview(caller: Principal) -> ResponseReturnValue:
    """Show the figures of a period, or in a workspace without campaigns the next step."""
    made, launched = campaigns.counts(caller.workspace_id)
    found = asked(caller, with_people=True)
    given = parts(found, "/overview") | {
        "campaign_count": made,
        "launched": launched,
        "overdue": campaigns.overdue(caller.workspace_id),
        "trouble": campaigns.sender_in_trouble(caller.workspace_id),
    }
    if not launched and not found.report.now.figures.tried:
        first = {"draft": campaigns.newest_draft(caller.workspace_id), "anybody": people.anybody(caller.workspace_id)}
        return render_template("analytics/empty.html", **given, **first), found.status
    given |= _pictures(found, caller) | _segments(found, caller)
    rows = [part for part in found.report.campaigns if part.figures.tried or part.figures.revenue or part.cost]
    given |= {"rows": rows[:CAMPAIGNS], "row_count": len(rows), "steps": figures.funnel(found.report.now.figures)}
    return render_template("analytics/overview.html", **given), found.status


def _pictures(found: Asked, caller: Principal) -> dict[str, Any]:
    now, before = found.report.now, found.report.before
    revenue, cost = _money(now)
    earlier = _money(before) if before else None
    names = bars(found, caller)
    top = figures.best(buckets(now.days), revenue)
    return {
        "chart_data": figures.money_chart(names, revenue, cost, earlier[0] if earlier else None),
        "top_bar": (names[revenue.index(top[1])], top[1]) if top else None,
        "sparks": {
            "revenue": (revenue, earlier[0] if earlier else None),
            "margin": (_margin(revenue, cost), _margin(*earlier) if earlier else None),
            "orders": (summed(now.days, now.by_bar, "orders"), summed(before.days, before.by_bar, "orders") if before else None),
            "customers": figures.running(figures.series(now.days, lambda day: now.new.get(day, 0)), now.customers),
        },
    }


def _money(section: Section) -> tuple[list[int], list[int]]:
    return summed(section.days, section.by_bar, "revenue"), figures.series(section.days, lambda day: section.costs.get(day, 0))


def _margin(revenue: list[int], cost: list[int]) -> list[int]:
    gains = [more - less for more, less in zip(revenue, cost, strict=True)]
    return figures.running(gains, sum(gains))


def _segments(found: Asked, caller: Principal) -> dict[str, Any]:
    window = 28 if found.report.now.days.length <= max(28, 31) else 90
    at = segments.look(caller.workspace_id)
    return {"window": window, "segments_at": at, **drawn(segment_queries.listed(caller.workspace_id, window), SEGMENTS)}
