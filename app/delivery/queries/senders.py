"""Reads about senders. One that was deleted is archived, and not found here; nor is the operator's, which is no workspace's to choose."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.core.db import session
from app.core.errors import NotFound
from app.core.registry import Use
from app.core.time import now
from app.delivery.models import Mailing, MailingKind, MailingState, Message, Sender, SenderKind, SenderPace

_MINUTE = timedelta(minutes=1)


def list_senders(workspace_id: int) -> Sequence[Sender]:
    """Return the senders of a workspace, the default one first, then by name; there are few."""
    return session().scalars(_here(workspace_id).order_by(Sender.is_default.desc(), sa.func.lower(Sender.name))).all()


def get_sender(workspace_id: int, sender_id: int, *, lock: bool = False) -> Sender:
    """Return a sender; `lock` holds it until the transaction ends. Raises NotFound."""
    statement = _here(workspace_id).where(Sender.id == sender_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return _one(statement)


def get_for_use(workspace_id: int, sender_id: int) -> Sender:
    """Return a sender (the operator's too), which cannot be deleted until the transaction ends. Raises NotFound."""
    wanted = sa.select(Sender).where(Sender.workspace_id == workspace_id, Sender.archived_at.is_(None), Sender.id == sender_id)
    return _one(wanted.with_for_update(read=True, key_share=True))


def find_default(workspace_id: int) -> Sender | None:
    """Return the sender that is taken where nobody chose one: the default one, else the only one."""
    rows = session().scalars(_here(workspace_id).order_by(Sender.is_default.desc()).limit(2)).all()
    return rows[0] if rows and (rows[0].is_default or len(rows) == 1) else None


def find_oldest(workspace_id: int) -> Sender | None:
    """Return the sender that was made first, or None."""
    return session().scalars(_here(workspace_id).order_by(Sender.id).limit(1)).one_or_none()


def held_until(workspace_id: int) -> Mapping[int, datetime]:
    """Return until when senders of the workspace rest, by id, of those that rest now."""
    resting = sa.select(SenderPace.sender_id, SenderPace.held_until).where(
        SenderPace.workspace_id == workspace_id, SenderPace.held_until > now()
    )
    return {row[0]: row[1] for row in session().execute(resting) if row[1]}


def rates(workspace_id: int) -> Mapping[int, float]:
    """Return how many messages a second left by each sender in the last minute. The index on `sent_at` leads to the newest rows only."""
    sent = (
        sa.select(Mailing.sender_id, sa.func.count())
        .join(Message, sa.and_(Message.workspace_id == workspace_id, Message.mailing_id == Mailing.id))
        .where(Mailing.workspace_id == workspace_id, Message.sent_at > now() - _MINUTE)
        .group_by(Mailing.sender_id)
    )
    return {row[0]: row[1] / _MINUTE.total_seconds() for row in session().execute(sent)}


def mailings_by(workspace_id: int, sender_id: int) -> list[Use]:
    """Return the mailings that are not over and go by this sender."""
    mine = sa.select(Mailing.name).where(
        Mailing.workspace_id == workspace_id,
        Mailing.sender_id == sender_id,
        Mailing.kind == MailingKind.CAMPAIGN,
        Mailing.state != MailingState.DONE,
    )
    return [Use(name, "/campaigns") for name in session().scalars(mine.order_by(Mailing.id))]


def _here(workspace_id: int) -> sa.Select[Any]:
    return sa.select(Sender).where(Sender.workspace_id == workspace_id, Sender.archived_at.is_(None), Sender.kind != SenderKind.SYSTEM)


def _one(statement: sa.Select[Any]) -> Sender:
    row: Sender | None = session().scalars(statement).one_or_none()
    if row is None:
        raise NotFound(Sender.noun)
    return row
