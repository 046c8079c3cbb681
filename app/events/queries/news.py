"""Statements over the outbox and the deliveries. They look into all workspaces: the machinery serves all of them."""

from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import any_workspace
from app.events.models import Delivery, DeliveryState, Outbox
from app.jobs.queries import after, backoff, clock, wake

TRIES = 10
"""Failures after which a delivery waits for a person."""
HOLD = 60
"""Seconds a worker may fall silent inside a handler before the server cuts it off."""

_outbox = cast("sa.Table", Outbox.__table__)
_deliveries = cast("sa.Table", Delivery.__table__)
_event, _delivery = _outbox.c, _deliveries.c


def _update(*where: sa.ColumnExpressionArgument[bool]) -> sa.Update:
    return any_workspace(sa.update(_deliveries).where(*where))


def _any_of(column: sa.ColumnElement[Any], kind: Any) -> sa.ColumnElement[bool]:
    return column == sa.func.any(sa.bindparam("ids", type_=sa.ARRAY(kind)))


INSERT = sa.insert(_outbox).returning(wake())
"""Insert an event and wake the relay at commit."""

CLAIM_NEWS = any_workspace(
    sa.select(_event.id, _event.name)
    .where(_event.relayed_at.is_(None))
    .order_by(_event.seq)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
"""Lock the oldest events that have no deliveries yet."""

_pairs = sa.func.unnest(sa.bindparam("events", type_=sa.ARRAY(sa.Uuid)), sa.bindparam("handlers", type_=sa.ARRAY(sa.Text)))
_pair = _pairs.table_valued("event", "handler").render_derived(name="pair")
INSERT_DELIVERIES = (
    insert(_deliveries)
    .from_select(["event_id", "handler", "enqueued_at"], sa.select(_pair.c.event, _pair.c.handler, clock))
    .on_conflict_do_nothing(index_elements=["event_id", "handler"])
    .returning(_delivery.id)
)
"""Insert one delivery per (event, handler), noted as put into RQ, and give their ids."""

MARK_RELAYED = any_workspace(sa.update(_outbox).where(_any_of(_event.id, sa.Uuid)).values(relayed_at=clock))
"""Note that these events have their deliveries."""

UNPUBLISHED = any_workspace(
    sa.select(_event.id, _event.name, _event.workspace_id, _event.created_at, _event.payload)
    .where(_event.published_at.is_(None))
    .order_by(_event.seq)
    .limit(sa.bindparam("most"))
)
"""Select the oldest events that were not put on the channel yet."""

MARK_PUBLISHED = any_workspace(sa.update(_outbox).where(_any_of(_event.id, sa.Uuid)).values(published_at=clock))
"""Note that these events are on the channel."""

_due = (
    sa.select(_delivery.id)
    .where(
        _delivery.state == DeliveryState.QUEUED,
        _delivery.next_try_at <= clock,
        sa.or_(_delivery.enqueued_at.is_(None), _delivery.enqueued_at < sa.bindparam("horizon")),
    )
    .order_by(_delivery.next_try_at)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
    .prefix_with("MATERIALIZED")
)
MARK_DUE = _update(_delivery.id == _due.c.id).values(enqueued_at=clock).returning(_delivery.id)
"""Note that due deliveries go into RQ now, and give their ids: those never put there, or put there before `horizon` and lost."""

UNMARK = _update(_any_of(_delivery.id, sa.BigInteger), _delivery.state == DeliveryState.QUEUED).values(enqueued_at=None)
UNMARK = UNMARK.returning(_delivery.state, wake())
"""Ask for these deliveries to be put into RQ again."""

TAKE = any_workspace(
    sa.select(
        _delivery.handler,
        _event.id,
        _event.name,
        _event.workspace_id,
        _event.payload,
        _event.created_at,
        sa.func.set_config("idle_in_transaction_session_timeout", sa.bindparam("silence", type_=sa.Text()), sa.true()),
    )
    .join(_outbox, _event.id == _delivery.event_id)
    .where(_delivery.id == sa.bindparam("delivery"), _delivery.state == DeliveryState.QUEUED, _delivery.next_try_at <= clock)
    .with_for_update(of=_deliveries, skip_locked=True)
)
"""Lock a due delivery and give it with its event; nothing if it is done, not due, or in another worker's hands.

The server cuts a worker that falls silent inside the handler, so that the lock does not outlive its host.
"""

MARK_DONE = _update(_delivery.id == sa.bindparam("delivery")).values(state=DeliveryState.DONE, done_at=clock, error=None)
"""Note, in the handler's transaction, that it is done."""

_last = _delivery.attempts + 1 >= TRIES
FAIL = (
    _update(_delivery.id == sa.bindparam("delivery"), _delivery.state == DeliveryState.QUEUED)
    .values(
        attempts=_delivery.attempts + 1,
        error=sa.bindparam("why"),
        enqueued_at=None,
        next_try_at=after(backoff(_delivery.attempts)),
        state=sa.case((_last, DeliveryState.FAILED), else_=DeliveryState.QUEUED),
        done_at=sa.case((_last, clock), else_=sa.null()),
    )
    .returning(_delivery.state)
)
"""Count a failure: to be tried later, or, after the last, by a person."""


def delete_old(before: datetime, limit: int) -> sa.Delete:
    """Delete events told before this moment of which no delivery is open or failed; their deliveries go with them."""
    pending = sa.exists().where(_delivery.event_id == _event.id, _delivery.state.in_((DeliveryState.QUEUED, DeliveryState.FAILED)))
    told = sa.select(_event.id).where(
        _event.created_at < before, _event.relayed_at.is_not(None), _event.published_at.is_not(None), ~pending
    )
    return any_workspace(sa.delete(_outbox).where(_event.id.in_(told.order_by(_event.created_at).limit(limit))))
