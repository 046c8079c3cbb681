"""The ledger of a campaign: one row for each recipient."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.campaigns.models import Campaign
from app.campaigns.schemas import MessageQuery
from app.core.db import decode_cursor, encode_cursor, session
from app.customers.models import Customer
from app.delivery.models import Mailing, MailingKind, Message, MessageKind, MessageState
from app.delivery.service.mailings import LABEL, group_of

FEW = 1_000
"""Customers whose address begins as searched for."""


def page(campaign: Campaign, query: MessageQuery, *, sees: bool) -> tuple[Sequence[Message], str | None]:
    """Return rows in the order of their ids, and the cursor of the next page; `sees`: the reader may see customers."""
    if campaign.mailing_id is None:
        return [], None
    past = decode_cursor(query.cursor, [int])[0] if query.cursor else 0
    conditions = [Message.kind == int(MessageKind.BULK), Message.id > past]
    if query.reason:
        conditions.append(_because(query.reason) if sees else _grouped(query.reason))
    if query.search:
        conditions.append(_addressed(campaign.workspace_id, query.search))
    chosen = [MessageState[query.state.upper()]] if query.state else list(MessageState)
    # The index is (mailing, state, id): each state gives its first rows in order, and the least of these are the page.
    parts = [_of_state(campaign, state, conditions, query.limit + 1) for state in chosen]
    ids = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()
    mine = (Message.workspace_id == campaign.workspace_id, Message.id.in_(sa.select(ids.c.id)))
    rows = session().scalars(sa.select(Message).where(*mine).order_by(Message.id).limit(query.limit + 1)).all()
    more = len(rows) > query.limit
    return rows[: query.limit], encode_cursor([rows[query.limit - 1].id]) if more else None


def names(workspace_id: int, ids: Sequence[int]) -> dict[int, str]:
    """Return the names of customers who are still here."""
    wanted = sa.select(Customer).where(Customer.workspace_id == workspace_id, Customer.id.in_(ids))
    return {row.id: row.full_name for row in session().scalars(wanted)}


def tests_since(workspace_id: int, at: datetime) -> int:
    """Return how many tests were sent, or wait to be, since a time."""
    letters = sa.select(Mailing.id).where(Mailing.workspace_id == workspace_id, Mailing.kind == MailingKind.SYSTEM)
    mine = (Message.workspace_id == workspace_id, Message.mailing_id.in_(letters))
    statement = sa.select(sa.func.count()).where(*mine, Message.kind == int(MessageKind.TEST), Message.created_at >= at)
    return session().scalar(statement) or 0


def _of_state(campaign: Campaign, state: MessageState, conditions: Sequence[sa.ColumnElement[bool]], limit: int) -> sa.Select[int]:
    mine = (Message.workspace_id == campaign.workspace_id, Message.mailing_id == campaign.mailing_id, Message.state == int(state))
    return sa.select(Message.id).where(*mine, *conditions).order_by(Message.id).limit(limit)


def _because(reason: str) -> sa.ColumnElement[bool]:
    """Fit a Skip as it is, and a server's reply by its codes."""
    return sa.or_(Message.reason == reason, Message.reason.startswith(reason + " ", autoescape=True))


def _grouped(reason: str) -> sa.ColumnElement[bool]:
    """Fit only the groups such readers are shown: what else a reply says could be guessed word by word, and with it an address."""
    if group_of(MessageState.FAILED, reason) != reason:
        return sa.false()
    if reason[0].isdigit():
        return _because(reason)
    return sa.func.left(Message.reason, LABEL) == reason


def _addressed(workspace_id: int, beginning: str) -> sa.ColumnElement[bool]:
    """Fit customers whose address begins so. A few are looked up one by one in the ledger; many are met soon on the way through it."""
    begins = sa.func.lower(Customer.email).startswith(beginning.lower(), autoescape=True)
    found = sa.select(Customer.id).where(Customer.workspace_id == workspace_id, begins)
    few = session().scalars(found.limit(FEW + 1)).all()
    return Message.original_customer_id.in_(found if len(few) > FEW else few)
