"""Reports by campaign: what came back on what was spent, and where people are lost on the way."""

from collections.abc import Iterator, Sequence

from babel.numbers import get_currency_precision
from flask import Response, render_template
from flask.typing import ResponseReturnValue

from app.analytics import figures
from app.analytics.service.reports import Part, Report
from app.analytics.views.period import SHOWN, Asked, asked, parts
from app.core.web.download import csv_file
from app.core.web.pages import Pages
from app.core.web.principal import Principal
from app.customers.imports.rejects import safe_cell

pages = Pages("campaign_reports", __name__)
COLUMNS = (
    "campaign",
    "state",
    "launched_at",
    "sent",
    "delivered",
    "orders",
    "revenue",
    "cost",
    "return_on_cost",
    "cost_per_order",
    "currency",
)


@pages.get("/overview/roi", permission="analytics.view")
def roi(caller: Principal) -> ResponseReturnValue:
    """Show cost, revenue and return by campaign."""
    found = asked(caller)
    rows = by_return(found)
    return render_template("analytics/roi.html", **parts(found, "/overview/roi"), rows=rows[:SHOWN], row_count=len(rows)), found.status


@pages.get("/overview/roi.csv", permission="analytics.view")
def roi_file(caller: Principal) -> ResponseReturnValue:
    """Send the report as a file; money in whole units of the currency."""
    found = asked(caller)
    if found.form.errors:
        return Response("\n".join(found.form.errors.values()), 422, mimetype="text/plain")
    days, simulated = found.report.now.days, caller.workspace is not None and caller.workspace.sandbox
    name = f"{'simulated-' if simulated else ''}roi-{days.first}-{days.last}.csv"
    columns = (*COLUMNS, "simulated") if simulated else COLUMNS
    return csv_file(name, columns, [[(*line, "true") if simulated else line for line in lines(by_return(found), found.report)]])


@pages.get("/overview/funnel", permission="analytics.view")
def funnel(caller: Principal) -> ResponseReturnValue:
    """Show the steps from sent to ordered, of all and by campaign."""
    found = asked(caller)
    before = found.report.before
    rows = sorted((part for part in found.report.campaigns if part.figures.sent), key=lambda part: -part.figures.sent)
    steps, earlier = figures.funnel(found.report.now.figures), figures.funnel(before.figures) if before else None
    given = parts(found, "/overview/funnel") | {"steps": steps, "steps_before": earlier, "rows": rows[:SHOWN], "row_count": len(rows)}
    return render_template("analytics/funnel.html", **given), found.status


def by_return(found: Asked) -> list[Part]:
    """Return the campaigns with money in the period: the best return first, then those without a cost by what they brought."""
    moved = (part for part in found.report.campaigns if part.cost or part.figures.revenue or part.figures.orders)
    return sorted(moved, key=lambda part: (part.roi is None, -(part.roi or 0), -part.figures.revenue))


def lines(rows: Sequence[Part], report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the file."""
    places = get_currency_precision(report.currency)
    for part in rows:
        made = part.figures
        launched = part.launched_at.isoformat(timespec="seconds") if part.launched_at else ""
        money = [_units(amount, places) for amount in (made.revenue, part.cost)]
        back = "" if part.roi is None else f"{part.roi:.4f}"
        each = _units(round(part.cost / made.orders), places) if made.orders and part.cost else ""
        yield (
            safe_cell(part.name),
            part.state,
            launched,
            str(made.sent),
            str(made.delivered),
            str(made.orders),
            *money,
            back,
            each,
            report.currency,
        )


def _units(minor: int, places: int) -> str:
    return f"{minor / 10**places:.{places}f}"
