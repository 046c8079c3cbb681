"""Counts of a mailing's messages by state and reason, and its figures by hour and day, moved in the transaction that moves the messages.

Rows are met in one order by everybody, tallies before days before hours, so that nobody waits for somebody else in a circle: whoever
holds an hour holds its day already.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from app.delivery.queries.ledger import ADD_HOURS, ADD_TALLIES

Key = tuple[int, int, str]
"""(mailing, state, reason)."""
Hour = tuple[int, datetime]
"""(mailing, hour)."""


def add_tallies(deltas: Mapping[Key, int]) -> None:
    """Move tallies by these differences."""
    moves = [(*key, n) for key, n in sorted(deltas.items()) if n]
    if moves:
        ADD_TALLIES.run(dict(zip(("mailings", "states", "reasons", "counts"), map(list, zip(*moves, strict=True)), strict=True)))


def add_hours(workspace_id: int, deltas: Mapping[Hour, Mapping[str, int]]) -> None:
    """Move figures of a workspace's hours, and of their days, by these differences: `{(mailing, hour): {"opens": 3}}`."""
    rows = [
        {"workspace_id": workspace_id, "mailing_id": mailing_id, "hour": hour.isoformat()} | given
        for (mailing_id, hour), figures in deltas.items()
        if (given := {name: n for name, n in figures.items() if n})
    ]
    if rows:
        ADD_HOURS.run({"rows": json.dumps(rows)})
