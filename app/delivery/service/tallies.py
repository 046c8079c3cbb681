"""Counts of a mailing's messages by state and reason, and its figures by hour, moved in the transaction that moves the messages."""

import json
from collections.abc import Mapping
from datetime import datetime

from app.delivery.queries.ledger import ADD_HOURS, ADD_TALLIES

Key = tuple[int, int, str]
"""(mailing, state, reason)."""
Hour = tuple[int, datetime]
"""(mailing, hour)."""


def add_tallies(deltas: Mapping[Key, int]) -> None:
    """Move tallies by these differences; rows are met in one order, so that two mailers never wait for each other in a circle."""
    moves = [(*key, n) for key, n in sorted(deltas.items()) if n]
    if moves:
        mailings, states, reasons, counts = map(list, zip(*moves, strict=True))
        ADD_TALLIES.run({"mailings": mailings, "states": states, "reasons": reasons, "counts": counts})


def add_hours(workspace_id: int, deltas: Mapping[Hour, Mapping[str, int]]) -> None:
    """Move figures of hours by these differences: `{(mailing, hour): {"sent": 3}}`; in one order, as above, by one statement."""
    rows = [
        {"workspace_id": workspace_id, "mailing_id": mailing_id, "hour": hour.isoformat()} | moves
        for (mailing_id, hour), given in deltas.items()
        if (moves := {name: n for name, n in given.items() if n})
    ]
    if rows:
        ADD_HOURS.run({"rows": json.dumps(rows)})
