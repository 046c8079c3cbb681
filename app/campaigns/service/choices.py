"""What a campaign names must be here, and fit together."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.content.models import Template
from app.core.db import find, session
from app.core.errors import Invalid, NotFound
from app.customers.models import Customer, Topic
from app.delivery.models import Sender, SenderKind
from app.delivery.queries import senders
from app.segments.models import Segment
from app.workspaces.models import Workspace

ONLY_SANDBOX = "Mail of a sandbox workspace never leaves it. Choose a sandbox sender."
NEVER_SIMULATED = "Only a sandbox workspace makes up what people do; this one is real."


def check_choices(workspace_id: int, given: Mapping[str, Any]) -> None:
    """Check what a campaign names. Raises Invalid with all fields that do not fit."""
    errors = _template(workspace_id, given.get("template_id")) | _sender(workspace_id, given.get("sender_id"))
    if given.get("topic_id") and find(Topic, workspace_id, given["topic_id"]) is None:
        errors["topic_id"] = "There is no such topic here."
    into, out, named = given.get("segments") or [], given.get("exclude_segments") or [], given.get("customers") or []
    errors |= _segments(workspace_id, into, out)
    if named and into:
        errors["customers"] = "Either segments or customers named one by one; not both."
    elif named:
        errors |= _customers(workspace_id, named)
    if given.get("simulate") and not is_sandbox(workspace_id):
        errors["simulate"] = NEVER_SIMULATED
    if errors:
        raise Invalid(errors)


def is_sandbox(workspace_id: int) -> bool:
    """Tell whether all data of a workspace is made up."""
    return session().get_one(Workspace, workspace_id).sandbox


def why_not(workspace_id: int, sender: Sender) -> str | None:
    """Return why this sender cannot be taken here, or None."""
    return ONLY_SANDBOX if sender.kind != SenderKind.SANDBOX and is_sandbox(workspace_id) else None


def _template(workspace_id: int, template_id: int | None) -> dict[str, str]:
    if template_id is None:
        return {}
    row = find(Template, workspace_id, template_id)
    if row is None:
        return {"template_id": "There is no such template here."}
    return {"template_id": f"“{row.name}” is archived. Choose another."} if row.archived_at else {}


def _sender(workspace_id: int, sender_id: int | None) -> dict[str, str]:
    if sender_id is None:
        return {}
    try:
        reason = why_not(workspace_id, senders.get_sender(workspace_id, sender_id))
    except NotFound:
        reason = "There is no such sender here."
    return {"sender_id": reason} if reason else {}


def _segments(workspace_id: int, into: Sequence[int], out: Sequence[int]) -> dict[str, str]:
    wanted = sa.select(Segment.id).where(Segment.workspace_id == workspace_id, Segment.id == sa.any_(_array([*into, *out])))
    known = set(session().scalars(wanted)) if into or out else set()
    errors: dict[str, str] = {}
    for name, ids in (("segments", into), ("exclude_segments", out)):
        errors |= {f"{name}[{i}]": "There is no such segment here." for i, ident in enumerate(ids) if ident not in known}
    both = [i for i, ident in enumerate(out) if ident in set(into)]
    return errors | {f"exclude_segments[{i}]": "It goes to this segment; it cannot leave it out too." for i in both}


def _customers(workspace_id: int, ids: Sequence[int]) -> dict[str, str]:
    wanted = sa.select(Customer.id).where(Customer.workspace_id == workspace_id, Customer.id == sa.any_(_array(ids)))
    known = set(session().scalars(wanted))
    unknown = [i for i, ident in enumerate(ids) if ident not in known]
    return {f"customers[{i}]": "There is no such customer here." for i in unknown[:20]}


def _array(ids: Sequence[int]) -> Any:
    return sa.literal(list(ids), ARRAY(sa.BigInteger))
