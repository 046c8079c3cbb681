"""Acts on many customers: at once on those ticked, in steps on everybody a list finds."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.audit import service as audit
from app.core.actor import Actor
from app.core.db import find as find_row
from app.core.db import session
from app.core.schemas import parse
from app.core.time import now
from app.customers import fields
from app.customers.events import BulkActStarted, CustomersChanged
from app.customers.models import BulkAct, Customer
from app.customers.queries.find import find
from app.customers.queries.place import place
from app.customers.schemas.customers import ConsentGiven, Selection
from app.customers.schemas.lists import from_query, to_query
from app.customers.service.computed import changed_rows
from app.customers.service.consent import set_consent
from app.customers.service.erase import delete_many
from app.events.service import publish

_STEP = {"tag": 10_000, "stage": 10_000, "consent": 2_000, "delete": 500}
"""Customers of one step: what takes about a second."""
DID = {"tag": "tagged", "stage": "moved to another stage", "consent": "given a new consent", "delete": "deleted"}


def act_on(workspace_id: int, kind: str, values: dict[str, Any], whom: Selection, by: Actor) -> BulkAct | int:
    """Do it to the ticked ones now and return how many changed; or note it for everybody the list finds, and return the act."""
    if not whom.everyone:
        count = apply(workspace_id, kind, values, whom.ids, by)
        if count and kind in ("tag", "stage"):
            audit.record(workspace_id, by, f"customers.{kind}", ("customers", None, f"{count:,} customers"), None, values)
            publish(CustomersChanged(workspace_id, kind, updated=count), by)
        return count
    query = to_query(from_query(whom.query))
    last = session().scalar(sa.select(sa.func.max(Customer.id)).where(Customer.workspace_id == workspace_id)) or 0
    row = BulkAct(workspace_id=workspace_id, kind=kind, values={**values, "up_to": last}, query=query, actor=asdict(by))
    session().add(row)
    session().flush()
    audit.record(workspace_id, by, f"customers.{kind}", ("customers", None, query or "everyone"), None, values)
    publish(BulkActStarted(workspace_id, row.id), by)
    return row


def step(workspace_id: int, act_id: int) -> bool:
    """Do the next customers of an act; True while there are more. Who came after the act was asked for is left alone."""
    row = find_row(BulkAct, workspace_id, act_id, lock=True)
    if row is None or row.state in ("done", "stopped"):
        return False
    row.state = "running"
    wanted = find(workspace_id, from_query(row.query), fields.custom(workspace_id), place(workspace_id))
    following = wanted.select(Customer.id).where(Customer.id > row.cursor, Customer.id <= row.values["up_to"])
    ids = list(session().scalars(following.order_by(Customer.id).limit(_STEP[row.kind])))
    if ids:
        values = {name: value for name, value in row.values.items() if name != "up_to"}
        changed = apply(workspace_id, row.kind, values, ids, Actor(**row.actor))
        row.done, row.looked_at, row.cursor = row.done + changed, row.looked_at + len(ids), ids[-1]
    else:
        row.state, row.finished_at = "done", now()
        if row.done and row.kind in ("tag", "stage"):
            publish(CustomersChanged(workspace_id, row.kind, updated=row.done), Actor(**row.actor))
    session().flush()
    return bool(ids)


def stop(workspace_id: int, act_id: int, by: Actor) -> None:
    """End an act where it is: what is done stays done."""
    row = find_row(BulkAct, workspace_id, act_id, lock=True)
    if row is not None and row.state != "done":
        row.state, row.finished_at = "stopped", now()
        audit.record(workspace_id, by, "customers.act_stopped", ("customers", None, f"{row.done:,} customers"))
        session().flush()


def apply(workspace_id: int, kind: str, values: dict[str, Any], ids: Sequence[int], by: Actor) -> int:
    """Do it to these customers, by statements over all of them; return how many really changed."""
    if kind == "delete":
        return delete_many(workspace_id, ids, by, keep_suppressed=bool(values.get("keep_suppressed", True)))
    if kind == "consent":
        return len(set_consent(workspace_id, ids, parse(ConsentGiven, values), by))
    among = Customer.id == sa.any_(sa.literal(list(ids), ARRAY(sa.BigInteger)))
    # Locked in the order of ids, so that two acts on the same people do not wait for each other.
    held = sa.select(Customer.id).where(Customer.workspace_id == workspace_id, among).order_by(Customer.id).with_for_update()
    session().execute(held)
    statement = sa.update(Customer).where(Customer.workspace_id == workspace_id, among)
    if kind == "stage":
        statement = statement.where(Customer.stage != values["stage"]).values(stage=values["stage"])
    else:
        add, remove = (sa.literal(values.get(name) or [], ARRAY(sa.Text)) for name in ("add", "remove"))
        statement = statement.where(sa.or_(~Customer.tags.contains(add), Customer.tags.overlap(remove))).values(tags=_tags(add, remove))
    return changed_rows(statement.values(version=Customer.version + 1, updated_at=now()))


def _tags(add: Any, remove: Any) -> Any:
    """Return the tags with some put on and some taken off, each once, in the order in which they came."""
    each = sa.func.unnest(Customer.tags.op("||")(add)).table_valued("tag", with_ordinality="place").render_derived()
    kept = sa.select(each.c.tag).where(each.c.tag != sa.all_(remove)).group_by(each.c.tag).order_by(sa.func.min(each.c.place))
    return sa.func.array(kept.scalar_subquery())
