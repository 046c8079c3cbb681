"""Mailings: made, filled with people, opened, paused, stopped, tried again, finished."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import any_workspace, get, session
from app.core.errors import Conflict, NotFound
from app.core.time import now
from app.delivery.events import MailingFinished, MailingStopped
from app.delivery.models import (
    ALL,
    Mailing,
    MailingContent,
    MailingKind,
    MailingLink,
    MailingState,
    MailingTally,
    Message,
    MessageKind,
    MessageState,
    Sender,
    Skip,
)
from app.delivery.queries import senders
from app.delivery.queries.eligibility import people
from app.delivery.service.tallies import add_tallies
from app.events.service import publish

_CODES = re.compile(r"\d{3}(?: \d\.\d{1,3}\.\d{1,3})?(?= |$)")
LABEL = 60
"""Letters of a reason without codes under which messages are tallied."""
_BATCH = 20_000
_ON_THE_WAY = (MessageState.PENDING, MessageState.SENDING)


@dataclass(frozen=True, slots=True)
class Words:
    """What a mailing says, frozen: `kind` html or markdown, `brand` the facts templates and footers use, `links` as (url, label) by position."""

    kind: str
    subject: str
    preheader: str
    body: str
    text: str | None
    brand: Mapping[str, Any]
    from_email: str
    from_name: str | None = None
    reply_to: str | None = None
    utm: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()


def create_mailing(
    workspace_id: int, name: str, sender_id: int, words: Words, *, source_id: int | None, topic_id: int = 0, simulate: bool = False
) -> Mailing:
    """Make a mailing with its words and links, still empty of people and closed."""
    row = Mailing(
        workspace_id=workspace_id,
        kind=MailingKind.CAMPAIGN,
        name=name,
        sender_id=sender_id,
        source_id=source_id,
        topic_id=topic_id,
        simulate=simulate,
    )
    session().add(row)
    session().flush()
    names = ("kind", "subject", "preheader", "body", "text", "brand", "utm", "from_name", "from_email", "reply_to")
    values = {name: getattr(words, name) for name in names}
    values |= {"brand": dict(words.brand), "utm": dict(words.utm)}
    session().add(MailingContent(workspace_id=workspace_id, mailing_id=row.id, variant=0, **values))
    links = [
        {"workspace_id": workspace_id, "mailing_id": row.id, "variant": 0, "position": position, "url": url, "label": label}
        for position, (url, label) in enumerate(words.links)
    ]
    if links:
        session().execute(sa.insert(MailingLink), links)
    session().flush()
    return row


def add_people(workspace_id: int, mailing_id: int, ids: sa.Select[Any]) -> dict[str | None, int]:
    """Give each of these customers (a select of ids) a row in the ledger, once; return how many were new, by reason (None: waits to be sent)."""
    mailing = get(Mailing, workspace_id, mailing_id)
    found = people(workspace_id, ids, mailing.topic_id).subquery()
    state = sa.case((found.c.reason.is_(None), int(MessageState.PENDING)), else_=int(MessageState.SKIPPED))
    rows = sa.select(
        sa.literal(workspace_id), sa.literal(mailing_id), found.c.id, found.c.id, found.c.address, state, found.c.reason
    ).order_by(found.c.id)
    names = ["workspace_id", "mailing_id", "customer_id", "original_customer_id", "address", "state", "reason"]
    made = insert(Message).from_select(names, rows).on_conflict_do_nothing().returning(Message.reason).cte("made")
    counted = session().execute(any_workspace(sa.select(made.c.reason, sa.func.count()).group_by(made.c.reason)))
    new = {row[0]: row[1] for row in counted}
    tallies = {(mailing_id, int(MessageState.SKIPPED), reason): n for reason, n in new.items() if reason is not None}
    add_tallies(tallies | {(mailing_id, ALL, ""): sum(new.values())})
    return new


def open_mailing(workspace_id: int, mailing_id: int) -> None:
    """Let its messages leave. Nothing happens to one that is over."""
    row = get(Mailing, workspace_id, mailing_id, lock=True)
    if row.state in (MailingState.PREPARING, MailingState.PAUSED):
        row.state, row.opened_at = MailingState.OPEN, row.opened_at or now()
        session().flush()
        finish_if_done(workspace_id, mailing_id)


def pause_mailing(workspace_id: int, mailing_id: int) -> None:
    """Keep back what has not left yet; what is being handed over now still goes."""
    row = get(Mailing, workspace_id, mailing_id, lock=True)
    if row.state == MailingState.OPEN:
        row.state = MailingState.PAUSED
        session().flush()


def stop_mailing(workspace_id: int, mailing_id: int, reason: Skip) -> None:
    """Let nothing more leave, for good: what waits becomes skipped for this reason (`cancelled` or `ended`), in the background."""
    row = get(Mailing, workspace_id, mailing_id, lock=True)
    if row.state not in (MailingState.DONE, MailingState.STOPPED):
        row.state = MailingState.STOPPED
        session().flush()
        publish(MailingStopped(workspace_id, mailing_id, reason))


def skip_rest(workspace_id: int, mailing_id: int, reason: Skip) -> bool:
    """Mark the next batch of a stopped mailing's waiting messages as skipped; True while there are more. At the end the mailing is done."""
    waiting = (
        sa.select(Message.id)
        .where(Message.workspace_id == workspace_id, Message.mailing_id == mailing_id, Message.state == MessageState.PENDING)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    statement = sa.update(Message).where(Message.workspace_id == workspace_id, Message.id.in_(waiting))
    count = _rows(statement.values(state=MessageState.SKIPPED, reason=str(reason), due_at=None))
    add_tallies({(mailing_id, int(MessageState.SKIPPED), str(reason)): count})
    if not count:
        finish_if_done(workspace_id, mailing_id)
    return count > 0


def send_again(workspace_id: int, mailing_id: int, states: Collection[MessageState], reasons: Collection[str] | None = None) -> int:
    """Let messages that ended in one of `states` (and for one of `reasons`, if said) wait once more; return how many. The mailing opens again.

    For `failed` and `in_doubt`, and for those skipped because the mailing was ended. The claim looks at consent again. Raises Conflict where
    its sender was deleted.
    """
    mailing = get(Mailing, workspace_id, mailing_id, lock=True)
    _refuse_without_sender(mailing)
    mine = [Message.workspace_id == workspace_id, Message.mailing_id == mailing_id, Message.state.in_([int(s) for s in states])]
    mine.append(Message.kind == MessageKind.BULK)
    if reasons is not None:
        mine.append(Message.reason.in_(list(reasons)))
    before = (
        sa.select(Message.id, Message.state, sa.func.coalesce(Message.reason, "").label("reason"))
        .where(*mine)
        .with_for_update()
        .cte("before")
    )
    fresh = {"state": int(MessageState.PENDING), "reason": None, "attempts": 0, "due_at": None, "mailer_id": None}
    moved = (
        sa.update(Message)
        .where(Message.workspace_id == workspace_id, Message.id == before.c.id)
        .values(fresh)
        .returning(before.c.state, before.c.reason)
        .cte("moved")
    )
    counted = session().execute(sa.select(moved.c.state, moved.c.reason, sa.func.count()).group_by(moved.c.state, moved.c.reason)).all()
    deltas: dict[tuple[int, int, str], int] = {}
    for state, reason, n in counted:
        key = (mailing_id, state, group_of(state, reason))
        deltas[key] = deltas.get(key, 0) - n
    add_tallies(deltas)
    count = sum(int(row[2]) for row in counted)
    if count:
        mailing.state, mailing.finished_at = MailingState.OPEN, None
        session().flush()
    return count


def _refuse_without_sender(mailing: Mailing) -> None:
    """Hold the sender, so that nobody deletes it now; raise Conflict if somebody did before."""
    try:
        senders.get_for_use(mailing.workspace_id, mailing.sender_id)
    except NotFound:
        name = get(Sender, mailing.workspace_id, mailing.sender_id).name
        raise Conflict(f"The sender it went by, “{name}”, was deleted. Copy it to send it by another one.") from None


def group_of(state: int, reason: str) -> str:
    """Return the reason under which a message is tallied: the skip itself, or a reply's codes (`550 5.1.1`) without its words."""
    if state == MessageState.SKIPPED:
        return reason
    if state in (MessageState.SENT, MessageState.IN_DOUBT):
        return ""
    codes = _CODES.match(reason)
    return codes[0].strip() if codes else reason[:LABEL]


def finish_if_done(workspace_id: int, mailing_id: int) -> bool:
    """Mark a mailing done if none of its messages waits or is on its way, and tell; True if it is done now by this call."""
    left = sa.exists().where(
        Message.workspace_id == workspace_id, Message.mailing_id == mailing_id, Message.state.in_([int(s) for s in _ON_THE_WAY])
    )
    if session().scalar(sa.select(left)):
        return False
    # Whoever lets messages wait again holds the mailing; the update below must see what they did, and so begins after them.
    mine = (Mailing.workspace_id == workspace_id, Mailing.id == mailing_id)
    session().execute(sa.select(Mailing.id).where(*mine).with_for_update())
    over = sa.update(Mailing).where(
        *mine, Mailing.kind == MailingKind.CAMPAIGN, Mailing.state.in_([MailingState.OPEN, MailingState.STOPPED]), ~left
    )
    if not _rows(over.values(state=MailingState.DONE, finished_at=now())):
        return False
    publish(MailingFinished(workspace_id, mailing_id))
    return True


def tallies_of(mailing_ids: Collection[int]) -> dict[int, dict[tuple[int, str], int]]:
    """Return the tallies of mailings (whose workspace the caller has checked): `{mailing: {(state, reason): n}}`; (0, "") is all rows."""
    found: dict[int, dict[tuple[int, str], int]] = {ident: {} for ident in mailing_ids}
    for row in session().scalars(sa.select(MailingTally).where(MailingTally.mailing_id.in_(mailing_ids))):
        found[row.mailing_id][row.state, row.reason] = row.n
    return found


def _rows(statement: Any) -> int:
    result: Any = session().execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)
