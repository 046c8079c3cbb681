"""Reports as JSON."""

from collections.abc import Sequence

from app.analytics import figures
from app.analytics.queries import segments as segment_queries
from app.analytics.schemas import (
    CampaignOut,
    DayOut,
    DaysOut,
    FiguresOut,
    FunnelOut,
    OverviewOut,
    PeriodQuery,
    RoiOut,
    SegmentQuery,
    SegmentResultOut,
    SegmentsOut,
    StepOut,
)
from app.analytics.service import segments
from app.analytics.service.reports import Part, Section, report
from app.campaigns.outcome import RateOut
from app.core.stats import Rate
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.delivery.queries.figures import Figures

api = Api("analytics", __name__)
MOST = 100
"""Campaigns in an answer."""


@api.get("/analytics/overview", permission="analytics.view", query=PeriodQuery, returns=OverviewOut, summary="Figures of a period")
def show_overview(caller: Principal, query: PeriodQuery) -> OverviewOut:
    """Return the figures of a period beside those of the one before, by day and by campaign."""
    found = report(caller.workspace_id, query, with_people=True, daily=True)
    return OverviewOut(
        period=DaysOut.model_validate(found.now.days),
        compared_with=_days(found.before),
        zone=found.zone.key,
        currency=found.currency,
        now=_figures(found.now),
        before=_figures(found.before) if found.before else None,
        days=_by_day(found.now),
        campaigns=_campaigns(found.campaigns),
    )


@api.get("/analytics/roi", permission="analytics.view", query=PeriodQuery, returns=RoiOut, summary="Cost, revenue and return")
def show_roi(caller: Principal, query: PeriodQuery) -> RoiOut:
    """Return what came back on what was spent."""
    found = report(caller.workspace_id, query)
    made = found.now.figures
    return RoiOut(
        period=DaysOut.model_validate(found.now.days),
        compared_with=_days(found.before),
        currency=found.currency,
        revenue=made.revenue,
        cost=found.now.cost,
        orders=made.orders,
        roi=found.now.roi,
        cost_per_order=found.now.cost / made.orders if made.orders else None,
        roi_before=found.before.roi if found.before else None,
        campaigns=_campaigns(found.campaigns),
    )


@api.get("/analytics/funnel", permission="analytics.view", query=PeriodQuery, returns=FunnelOut, summary="From sent to ordered")
def show_funnel(caller: Principal, query: PeriodQuery) -> FunnelOut:
    """Return the steps that people took, of the messages sent in the period."""
    found = report(caller.workspace_id, query)
    return FunnelOut(
        period=DaysOut.model_validate(found.now.days),
        compared_with=_days(found.before),
        steps=_steps(found.now.figures),
        steps_before=_steps(found.before.figures) if found.before else None,
        campaigns=_campaigns(found.campaigns),
    )


@api.get(
    "/analytics/segments", permission="analytics.view", query=SegmentQuery, returns=SegmentsOut, summary="Segments by what they brought"
)
def show_segments(caller: Principal, query: SegmentQuery) -> SegmentsOut:
    """Return what mail to the present members of each segment brought."""
    computed_at = segments.look(caller.workspace_id)
    rows = [
        SegmentResultOut(
            segment_id=row.segment_id,
            name=name,
            members=row.members,
            sent=row.sent,
            delivered=row.delivered,
            opened=RateOut.of(Rate(row.opened, row.delivered)),
            clicked=RateOut.of(Rate(row.clicked, row.delivered)),
            converted=RateOut.of(Rate(row.ordered, row.delivered)),
            revenue=row.revenue,
            computed_at=row.computed_at,
        )
        for row, name in segment_queries.listed(caller.workspace_id, query.days)
    ]
    return SegmentsOut(days=query.days, computed_at=computed_at, segments=rows)


def _days(section: Section | None) -> DaysOut | None:
    return DaysOut.model_validate(section.days) if section else None


def _figures(section: Section) -> FiguresOut:
    made = section.figures
    return FiguresOut(
        sent=made.sent,
        delivered=made.delivered,
        opened=RateOut.of(made.open_rate),
        clicked=RateOut.of(made.click_rate),
        converted=RateOut.of(made.order_rate),
        unsubscribed=RateOut.of(made.unsubscribe_rate),
        bounced=RateOut.of(made.bounce_rate),
        orders=made.orders,
        revenue=made.revenue,
        cost=section.cost,
        roi=section.roi,
        customers=section.customers,
        new_customers=section.new_customers,
    )


def _by_day(section: Section) -> list[DayOut]:
    found = []
    for day in section.days:
        made = section.by_bar.get(day, Figures())
        cost, new = section.costs.get(day, 0), section.new.get(day, 0)
        found.append(DayOut(day=day, revenue=made.revenue, cost=cost, orders=made.orders, sent=made.sent, new_customers=new))
    return found


def _campaigns(rows: Sequence[Part]) -> list[CampaignOut]:
    return [
        CampaignOut(
            campaign_id=part.campaign_id,
            name=part.name,
            state=part.state,
            launched_at=part.launched_at,
            cost=part.cost,
            roi=part.roi,
            **{name: getattr(part.figures, name) for name in ("sent", "delivered", "opened", "clicked", "ordered", "orders", "revenue")},
        )
        for part in rows[:MOST]
    ]


def _steps(made: Figures) -> list[StepOut]:
    return [
        StepOut(
            step=step.key,
            people=step.people,
            of_step_before=RateOut.of(step.of_before) if step.of_before else None,
            of_first=RateOut.of(step.of_first),
        )
        for step in figures.funnel(made)
    ]
