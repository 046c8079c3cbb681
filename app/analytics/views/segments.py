"""Segment performance."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.analytics.models import SegmentResult
from app.analytics.queries import segments as queries
from app.analytics.schemas import SegmentQuery
from app.analytics.service import segments as service
from app.analytics.views.period import SEGMENTS, TABS
from app.core.errors import Invalid
from app.core.stats import Rate
from app.core.web.form import Form
from app.core.web.pages import Pages
from app.core.web.principal import Principal
from app.delivery.definitions import DEFINITIONS

pages = Pages("segment_results", __name__)
FEW = 10
"""Under so many people no interval is drawn."""


@pages.get("/overview/segments", permission="analytics.view")
def show_segments(caller: Principal) -> ResponseReturnValue:
    """Show what mail of the last 28 or 90 days brought from the present members of each segment."""
    form = Form(SegmentQuery, request.args)
    try:
        window = form.parse().days
    except Invalid as no:
        form.refuse(no)
        window = SegmentQuery().days
    at = service.look(caller.workspace_id)
    tabs = [{"label": label, "href": href, "current": href == SEGMENTS} for label, href in TABS]
    found = drawn(queries.listed(caller.workspace_id, window), None)
    answer = render_template(
        "analytics/segments.html", form=form, window=window, segments_at=at, tabs=tabs, definitions=DEFINITIONS, **found
    )
    return answer, 422 if form.errors else 200


def drawn(listed: Sequence[tuple[SegmentResult, str]], most: int | None) -> dict[str, Any]:
    """Return the segments to which something was delivered, and the right end of the bars they share."""
    reached = [(row, name, Rate(row.ordered, row.delivered)) for row, name in listed if row.delivered][:most]
    ends = [rate.high for _, _, rate in reached if rate.high is not None and rate.whole >= FEW]
    return {"segment_rows": reached, "segment_top": _round_up(max(ends, default=1.0)), "few": FEW}


def _round_up(share: float) -> float:
    """Return the next larger of 1, 2, 3 or 5 times a power of ten, as a fraction of one at most."""
    size = 0.0001
    while size < 1:
        for times in (1, 2, 3, 5):
            if share <= size * times:
                return min(1.0, size * times)
        size *= 10
    return 1.0
