"""Counts of a mailing's messages by state and reason, moved in the transaction that moves the messages."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from app.core.db import session
from app.delivery.models import MailingHour, MailingTally

Key = tuple[int, int, str]
"""(mailing, state, reason)."""


def add_tallies(deltas: Mapping[Key, int]) -> None:
    """Move tallies by these differences; rows are met in one order, so that two mailers never wait for each other in a circle."""
    rows = [{"mailing_id": m, "state": s, "reason": r, "n": n} for (m, s, r), n in sorted(deltas.items()) if n]
    if rows:
        statement = insert(MailingTally).values(rows)
        sums = {"n": MailingTally.n + statement.excluded.n}
        session().execute(statement.on_conflict_do_update(index_elements=["mailing_id", "state", "reason"], set_=sums))


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
