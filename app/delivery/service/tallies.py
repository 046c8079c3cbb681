"""Counts of a mailing's messages by state and reason, and its figures by hour and day, moved in the transaction that moves the messages."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.core.prepared import Prepared, run_all
from app.delivery.queries.days import ADD_DAYS
from app.delivery.queries.ledger import ADD_HOURS, ADD_TALLIES

Key = tuple[int, int, str]
"""(mailing, state, reason)."""
Hour = tuple[int, datetime]
"""(mailing, hour)."""


def move(tallies: Mapping[Key, int], hours: Mapping[int, Mapping[Hour, Mapping[str, int]]]) -> None:
    """Move tallies and figures of hours (by workspace: `{(mailing, hour): {"sent": 3}}`) by these differences, in one round trip.

    The days of the hours move with them. Rows are met in one order by everybody, tallies before days before hours, so that two mailers
    never wait for each other in a circle: whoever holds an hour holds its day already.
    """
    calls: list[tuple[Prepared, Mapping[str, Any]]] = []
    moves = [(*key, n) for key, n in sorted(tallies.items()) if n]
    if moves:
        calls.append(
            (ADD_TALLIES, dict(zip(("mailings", "states", "reasons", "counts"), map(list, zip(*moves, strict=True)), strict=True)))
        )
    rows = [
        {"workspace_id": workspace_id, "mailing_id": mailing_id, "hour": hour.isoformat()} | given
        for workspace_id, deltas in hours.items()
        for (mailing_id, hour), figures in deltas.items()
        if (given := {name: n for name, n in figures.items() if n})
    ]
    if rows:
        given_hours = {"rows": json.dumps(rows)}
        calls += [(ADD_DAYS, given_hours), (ADD_HOURS, given_hours)]
    if calls:
        run_all(calls)


def add_tallies(deltas: Mapping[Key, int]) -> None:
    """Move tallies by these differences."""
    move(deltas, {})


def add_hours(workspace_id: int, deltas: Mapping[Hour, Mapping[str, int]]) -> None:
    """Move figures of a workspace's hours, and of their days, by these differences."""
    move({}, {workspace_id: deltas})
