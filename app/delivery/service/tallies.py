"""Counts of a mailing's messages by state and reason, moved in the transaction that moves the messages."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from app.core.db import session
from app.delivery.models import MailingHour
from app.delivery.queries.ledger import ADD_TALLIES

Key = tuple[int, int, str]
"""(mailing, state, reason)."""


def add_tallies(deltas: Mapping[Key, int]) -> None:
    """Move tallies by these differences; rows are met in one order, so that two mailers never wait for each other in a circle."""
    moves = [(*key, n) for key, n in sorted(deltas.items()) if n]
    if moves:
        mailings, states, reasons, counts = map(list, zip(*moves, strict=True))
        session().execute(ADD_TALLIES, {"mailings": mailings, "states": states, "reasons": reasons, "counts": counts})


def add_hours(workspace_id: int, deltas: Mapping[tuple[int, datetime], Mapping[str, int]]) -> None:
    """Move figures of hours by these differences: `{(mailing, hour): {"sent": 3}}`; in one order, as above, by one statement."""
    moved = {key: {name: n for name, n in moves.items() if n} for key, moves in sorted(deltas.items())}
    names = sorted({name for moves in moved.values() for name in moves})
    if names:
        none = dict.fromkeys(names, 0)
        rows = [{"workspace_id": workspace_id, "mailing_id": m, "hour": h} | none | moves for (m, h), moves in moved.items() if moves]
        statement = insert(MailingHour).values(rows)
        sums = {name: MailingHour.__table__.c[name] + statement.excluded[name] for name in names}
        session().execute(statement.on_conflict_do_update(index_elements=["mailing_id", "hour"], set_=sums))
