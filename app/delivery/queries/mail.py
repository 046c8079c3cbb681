"""Reads of what the sandbox caught."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from app.core.db import any_workspace, decode_cursor, encode_cursor, find, get, session
from app.delivery.models import CaughtMail, Mailing
from app.delivery.schemas.mail import MailQuery


class Line(NamedTuple):
    """A caught mail without its bytes."""

    id: int
    mailing_id: int
    recipient: str
    subject: str
    caught_at: datetime


def page(workspace_id: int, query: MailQuery) -> tuple[Sequence[Line], str | None]:
    """Return caught mails, newest first, and the cursor of the next page."""
    columns = (CaughtMail.id, CaughtMail.mailing_id, CaughtMail.recipient, CaughtMail.subject, CaughtMail.caught_at)
    wanted = sa.select(*columns).where(CaughtMail.workspace_id == workspace_id).order_by(CaughtMail.id.desc()).limit(query.limit + 1)
    if query.q:
        found = (column.icontains(query.q, autoescape=True) for column in (CaughtMail.recipient, CaughtMail.subject))
        wanted = wanted.where(sa.or_(*found))
    if query.mailing is not None:
        wanted = wanted.where(CaughtMail.mailing_id == query.mailing)
    if query.cursor:
        wanted = wanted.where(CaughtMail.id < decode_cursor(query.cursor, [int])[0])
    rows = [Line(*row) for row in session().execute(wanted)]
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    return rows[: query.limit], encode_cursor([last.id]) if last else None


def get_mail(workspace_id: int, mail_id: int) -> CaughtMail:
    """Return a caught mail with its bytes. Raises NotFound."""
    return get(CaughtMail, workspace_id, mail_id)


def neighbours(workspace_id: int, mail_id: int) -> tuple[int | None, int | None]:
    """Return the ids of the mail caught before and after this one."""
    mine = CaughtMail.workspace_id == workspace_id
    before = session().scalar(sa.select(sa.func.max(CaughtMail.id)).where(mine, CaughtMail.id < mail_id))
    after = session().scalar(sa.select(sa.func.min(CaughtMail.id)).where(mine, CaughtMail.id > mail_id))
    return before, after


def any_caught(workspace_id: int) -> bool:
    """Tell whether anything was caught yet."""
    return bool(session().scalar(sa.select(sa.exists().where(CaughtMail.workspace_id == workspace_id))))


def find_mailing(workspace_id: int, mailing_id: int) -> Mailing | None:
    """Return a mailing, or None."""
    return find(Mailing, workspace_id, mailing_id)


def names(workspace_id: int, mailing_ids: Collection[int]) -> dict[int, str]:
    """Return the names of mailings by id."""
    wanted = sa.select(Mailing.id, Mailing.name).where(Mailing.workspace_id == workspace_id, Mailing.id.in_(mailing_ids))
    return {row[0]: row[1] for row in session().execute(wanted)}


def forget_older(moment: datetime, most: int) -> int:
    """Delete up to so many mails caught before this moment, the oldest first; return how many."""
    first = sa.select(CaughtMail.id, CaughtMail.caught_at).where(CaughtMail.id > 0).order_by(CaughtMail.id).limit(most).subquery()
    oldest = sa.select(first.c.id).where(first.c.caught_at < moment)
    gone = any_workspace(sa.delete(CaughtMail).where(CaughtMail.id.in_(oldest)).returning(CaughtMail.id))
    return len(session().scalars(gone.execution_options(synchronize_session=False)).all())
