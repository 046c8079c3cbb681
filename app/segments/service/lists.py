"""Static lists: members put in and taken out by hand; and what happens in all segments when a customer is erased."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.audit import service as audit
from app.core import registry
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Conflict, Invalid
from app.core.registry import Use
from app.customers.models import Customer, CustomerChange
from app.customers.queries.customers import Known, resolve
from app.segments.models import Cause, Segment, SegmentKind, SegmentMember, SegmentMove
from app.segments.queries import news, segments
from app.segments.queries.counting import WENT
from app.segments.schemas import MOST_IDS, MembersIn
from app.segments.service.filling import Refreshed, moment_of
from app.segments.service.news import move


def change(workspace_id: int, segment_id: int, given: MembersIn, by: Actor) -> Refreshed:
    """Add customers to a static list and take others off it; who is on it already stays. Raises NotFound, Conflict, Invalid."""
    row = get(Segment, workspace_id, segment_id, lock=True)
    if row.kind != SegmentKind.STATIC:
        raise Conflict(f"The members of “{row.name}” follow its rules. Only a static list is changed by hand.")
    _check_known(workspace_id, given.add)
    named = sa.any_(sa.literal([*given.add, *given.remove], ARRAY(sa.BigInteger)))
    mine = (SegmentMember.segment_id == segment_id, SegmentMember.customer_id == named)
    inside = set(session().scalars(sa.select(SegmentMember.customer_id).where(*mine)))
    came, left = set(given.add) - set(given.remove) - inside, set(given.remove) & inside
    move(row, came, left, Cause.HAND, moment_of(workspace_id), spread=False)
    if came or left:
        audit.record(
            workspace_id, by, "segment.members_changed", ("segment", row.id, row.name), None, {"added": len(came), "removed": len(left)}
        )
    return Refreshed(row.members, len(came), len(left))


def read_people(workspace_id: int, text: str) -> list[int]:
    """Return the ids of customers named by address, external id or number, one a line. Raises Invalid naming who is not here."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if not lines:
        raise Invalid({"people": "Write at least one address, external id or number."})
    if len(lines) > MOST_IDS:
        raise Invalid({"people": f"{MOST_IDS:,} at a time are the most."})
    found = dict(zip(lines, resolve(workspace_id, [_known(line) for line in lines]), strict=True))
    missing = [line for line, customer in found.items() if customer is None]
    if missing:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5:,} more" if len(missing) > 5 else "")  # noqa: PLR2004 (a line's worth)
        raise Invalid({"people": f"Not among the customers: {shown}."})
    return [customer for customer in found.values() if customer is not None]


def _known(line: str) -> Known:
    if "@" in line:
        return Known(email=line.lower())
    return Known(id=int(line)) if line.isascii() and line.isdigit() and len(line) < 19 else Known(external_id=line)  # noqa: PLR2004 (fits bigint)


def _check_known(workspace_id: int, ids: Sequence[int]) -> None:
    wanted = sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))
    known = set(session().scalars(sa.select(Customer.id).where(Customer.workspace_id == workspace_id, Customer.id == wanted)))
    errors = {f"add[{i}]": "There is no such customer here." for i, found in enumerate(ids) if found not in known}
    if errors:
        raise Invalid(dict(list(errors.items())[:20]))


def erase(workspace_id: int, customer_ids: Sequence[int]) -> None:
    """Take erased customers out of all segments and their history.

    The note makes whoever was just being put into a segment by somebody else be looked at again.
    """
    among = sa.any_(sa.literal(list(customer_ids), ARRAY(sa.BigInteger)))
    every = list(session().scalars(sa.select(Segment.id).where(Segment.workspace_id == workspace_id)))
    inside = sa.select(SegmentMember.segment_id).where(SegmentMember.segment_id.in_(every), SegmentMember.customer_id == among)
    order = segments.in_order(set(session().scalars(inside)), segments.links(workspace_id))
    for row in news.lock(workspace_id, order):
        gone = sa.delete(SegmentMember).where(SegmentMember.segment_id == row.id, SegmentMember.customer_id == among)
        result: Any = session().execute(gone.execution_options(synchronize_session=False))
        row.members -= result.rowcount
    session().flush()
    moves = sa.delete(SegmentMove).where(SegmentMove.customer_id == among, SegmentMove.segment_id.in_(every))
    session().execute(moves.execution_options(synchronize_session=False))
    session().execute(
        sa.insert(CustomerChange), [{"workspace_id": workspace_id, "customer_id": found, "fields": [WENT]} for found in customer_ids]
    )


def named_by(workspace_id: int, segment_id: int) -> list[Use]:
    """Return the segments that name this one."""
    return [Use(f"the segment “{row.name}”", f"/segments/{row.id}") for row in segments.named_by(workspace_id, segment_id)]


def reading(workspace_id: int, path: str) -> list[Use]:
    """Return the segments whose rules look at a field."""
    return [Use(f"the segment “{row.name}”", f"/segments/{row.id}") for row in segments.reading(workspace_id, path)]


registry.add(registry.erase, erase)
registry.add(registry.segment_uses, named_by)
registry.add(registry.field_uses, reading)
