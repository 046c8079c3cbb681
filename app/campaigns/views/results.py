"""The tab Results of a campaign: what its template is given. The page around it belongs to the room's other views."""

from dataclasses import dataclass
from typing import Any

from flask import request

from app.campaigns.models import Campaign
from app.campaigns.queries.results import Results, of_campaign
from app.core.stats import Rate
from app.core.web.principal import Principal
from app.delivery.definitions import DEFINITIONS, FORMULAS
from app.delivery.queries.results import Hours

FEW = 10
"""Under so many people no interval is drawn: the counts say it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A rate as the table draws it: `top` is the right end of its bar; places beyond it are drawn at the end."""

    name: str
    note: str
    rate: Rate
    usual: float | None
    formula: str
    top: float

    @property
    def drawn(self) -> tuple[float, float, float] | None:
        """Return low end, estimate and high end inside the bar, or None where there are too few people."""
        if self.rate.value is None or self.rate.low is None or self.rate.high is None or self.rate.whole < FEW:
            return None
        return min(self.rate.low, self.top), min(self.rate.value, self.top), min(self.rate.high, self.top)


def results(caller: Principal, campaign: Campaign) -> dict[str, Any]:
    """Return what campaigns/_results.html needs beside `standing`. Raw hits instead of people with `?who=hits`."""
    found = of_campaign(caller.workspace_id, campaign)
    return {
        "campaign": campaign,
        "found": found,
        "made": found.figures,
        "usual": found.usual,
        "rates": rows(found),
        "raw": request.args.get("who") == "hits",
        "hours_chart": chart(found.hours),
        "definitions": DEFINITIONS,
        "formulas": FORMULAS,
    }


def rows(found: Results) -> list[Row]:
    """Return the rates in the order of the page; complaints only where there are any."""
    figures, usual = found.figures, found.usual
    listed = [
        _row("Opened", "people, at least once", figures.open_rate, usual.opened, "opened"),
        _row("Clicked", "people, at least once", figures.click_rate, usual.clicked, "clicked"),
        _row("Ordered", "people, after a click", figures.order_rate, usual.ordered, "ordered"),
        _row("Unsubscribed", "by this mail", figures.unsubscribe_rate, usual.unsubscribed, "unsubscribed"),
    ]
    if figures.complained:
        listed.append(_row("Complained", "as unwanted", figures.complaint_rate, None, "complained"))
    return [*listed, _row("Bounced", "of all tried", figures.bounce_rate, usual.bounced, "bounced")]


def _row(name: str, note: str, rate: Rate, usual: float | None, key: str) -> Row:
    """Return a row whose bar runs to twice the usual, or without one a little beyond the interval."""
    top = 2 * usual if usual else min(1.0, 1.25 * (rate.high or 1.0))
    return Row(name, note, rate, usual, DEFINITIONS[key], top)


def chart(hours: Hours) -> dict[str, Any]:
    """Return the data of the picture: people by hour after sending began."""
    return {
        "x": [f"{at} h" for at in range(1, len(hours.opens) + 1)],
        "unit": "count",
        "series": [
            {"name": "Opened", "kind": "bar", "colour": "c1", "values": list(hours.opens)},
            {"name": "Clicked", "kind": "bar", "colour": "c2", "values": list(hours.clicks)},
        ],
    }
