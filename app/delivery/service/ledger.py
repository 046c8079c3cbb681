"""What the mailer does to the ledger: each function is one transaction's worth; the mailer commits.

A message leaves only after the commit of the claim that marked it `sending` under a lease that still holds.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.db import session
from app.customers.models.consent import SuppressionReason
from app.customers.service.suppressions import suppress
from app.delivery.events import MessageBounced, SenderStopped
from app.delivery.models import CaughtMail, MessageBody, MessageKind, MessageState
from app.delivery.queries import ledger as queries
from app.delivery.service.mailings import finish_if_done, group_of
from app.delivery.service.tallies import Hour, add_tallies, move
from app.events.service import publish

_PROGRAM = Actor.system("Mailer")
_FLAGS = ("opened", "clicked", "ordered", "unsubscribed")
_TALLIED = {MessageState.SENT, MessageState.FAILED, MessageState.BOUNCED, MessageState.IN_DOUBT}


class LeaseLost(Exception):  # noqa: N818 (it is news, no error)
    """Somebody declared this mailer dead: it may write and send nothing more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. `wait` seconds until another try (state pending); `claimed`: it had been marked `sending`."""

    message_id: int
    state: MessageState
    reason: str | None = None
    wait: float | None = None
    tried: int = 1
    claimed: bool = True


@dataclass(frozen=True, slots=True)
class Catch:
    """A message for the sandbox: its very bytes, packed."""

    message_id: int
    subject: str
    raw: bytes


def register(name: str) -> int:
    """Begin a lease for the mailer in the place `name`; whoever held that place before is dead and loses it. Returns the mailer's id."""
    sweep(name)
    return int(session().execute(queries.REGISTER, {"name": name}).scalar_one())


def sweep(name: str = "") -> int:
    """Declare leases lost that ran out (and that of `name`); what their holders were handing over is in doubt. Returns how many messages."""
    lost = list(session().scalars(queries.LOSE, {"name": name}))
    lost += [ident for ident in session().scalars(queries.LOST) if ident not in lost]
    if not lost:
        return 0
    rows = session().execute(queries.DOUBT, {"mailers": lost}).all()
    add_tallies(Counter((row.mailing_id, int(MessageState.IN_DOUBT), "") for row in rows if row.kind == MessageKind.BULK))
    _forget_words(row.id for row in rows if row.kind != MessageKind.BULK)
    return len(rows)


def record(mailer: int, outcomes: Sequence[Outcome], caught: Sequence[Catch] = ()) -> None:
    """Renew the lease and hold it for this transaction; write what became of messages, and take others into the sandbox as far as they may be sent.

    With tallies, hours, activities; addresses refused for good are suppressed. Raises LeaseLost.
    """
    values = {
        "ids": [o.message_id for o in outcomes],
        "states": [int(o.state) for o in outcomes],
        "reasons": [o.reason for o in outcomes],
        "waits": [o.wait for o in outcomes],
        "tried": [o.tried for o in outcomes],
        "claimed": [o.claimed for o in outcomes],
    }
    found = queries.RECORD.run(values | {"mailer": mailer}).all()
    if found[0].lease is None:
        raise LeaseLost
    rows: list[Any] = [row for row in found if row.id is not None]
    if caught:
        rows += _catch(caught)
    _follow(rows)


def claim(mailer: int, ids: Sequence[int]) -> set[int]:
    """Mark messages `sending`, as far as they wait and may be sent at this moment; return which. Those that may not any more are skipped."""
    if not ids:
        return set()
    mine = set(queries.CLAIM.run({"mailer": mailer, "ids": sorted(ids)}).scalars())
    _skip(set(ids) - mine)
    return mine


def _catch(caught: Sequence[Catch]) -> Sequence[Any]:
    rows = queries.CATCH.run({"ids": sorted(c.message_id for c in caught)}).all()
    taken = {row.id: row for row in rows}
    mails = [
        {
            "workspace_id": taken[c.message_id].workspace_id,
            "message_id": c.message_id,
            "mailing_id": taken[c.message_id].mailing_id,
            "recipient": taken[c.message_id].address,
            "subject": c.subject,
            "raw": c.raw,
        }
        for c in caught
        if c.message_id in taken
    ]
    if mails:
        session().execute(sa.insert(CaughtMail.__table__), mails)  # type: ignore[arg-type]
    _skip({c.message_id for c in caught} - taken.keys())
    return rows


def make_paces(sender_ids: Sequence[int]) -> None:
    """Give senders their buckets, where they have none yet."""
    session().execute(queries.MAKE_PACE, {"ids": list(sender_ids)})


def take_tokens(sender_id: int, per_second: int, wanted: int) -> int:
    """Take up to `wanted` tokens of a sender's bucket, shared by all mailers; return how many there were. It holds a tenth of a second's worth."""
    values = {"sender": sender_id, "rate": per_second, "depth": max(1.0, per_second / 10), "wanted": wanted}
    return int(session().execute(queries.TAKE_TOKENS, values).scalar() or 0)


def hold(sender_id: int) -> None:
    """Let a sender rest for a while, longer each time in a row."""
    session().execute(queries.HOLD, {"sender": sender_id})


def free(sender_id: int) -> None:
    """Forget that a sender had trouble."""
    session().execute(queries.FREE, {"sender": sender_id})
    session().execute(queries.CLEAR_SENDER, {"sender": sender_id})


def stop_sender(sender_id: int, problem: str) -> None:
    """Note what a person must correct before a sender can send."""
    row = session().execute(queries.STOP_SENDER, {"sender": sender_id, "problem": problem}).first()
    if row is not None and row.new:
        publish(SenderStopped(row.workspace_id, sender_id), _PROGRAM)


def finish(mailings: Iterable[tuple[int, int]]) -> None:
    """Mark those of these (workspace, mailing) as done in which nothing waits or is on its way."""
    for workspace_id, mailing_id in mailings:
        finish_if_done(workspace_id, mailing_id)


def _skip(ids: Collection[int]) -> None:
    if ids:
        rows = queries.SKIP.run({"ids": sorted(ids)})
        add_tallies(Counter((row.mailing_id, int(MessageState.SKIPPED), row.reason) for row in rows))


def _follow(rows: Sequence[Any]) -> None:
    """Move tallies and hours, suppress refused addresses, forget the words of letters that are over."""
    bulk = [row for row in rows if row.kind == MessageKind.BULK]
    move(Counter((row.mailing_id, row.state, group_of(row.state, row.reason or "")) for row in bulk if row.state in _TALLIED), _hours(bulk))
    for row in bulk:
        if row.state == MessageState.BOUNCED:
            _bounce(row)
    _forget_words(row.id for row in rows if row.kind != MessageKind.BULK and row.state != MessageState.PENDING)


def _forget_words(ids: Iterable[int]) -> None:
    """Delete the words of letters that are over: they may hold a link that opens an account."""
    over = list(ids)
    if over:
        session().execute(sa.delete(MessageBody).where(MessageBody.message_id.in_(over)))


def _hours(rows: Sequence[Any]) -> dict[int, dict[Hour, Counter[str]]]:
    """Return what the sent and the refused add to the figures of hours, by workspace."""
    deltas: dict[int, dict[Hour, Counter[str]]] = {}
    for row in rows:
        if row.state in (MessageState.SENT, MessageState.BOUNCED):
            at = (row.sent_at or row.bounced_at).replace(minute=0, second=0, microsecond=0)
            count = deltas.setdefault(row.workspace_id, {}).setdefault((row.mailing_id, at), Counter())
            if row.state == MessageState.BOUNCED:
                count["refused"] += 1
            else:
                count["sent"] += 1
                for name in _FLAGS:  # it was sent again after a doubt
                    if getattr(row, f"{name}_at"):
                        count[name] += 1
    return deltas


def _bounce(row: Any) -> None:
    if row.address is not None:  # erased meanwhile
        suppress(row.workspace_id, [row.address], SuppressionReason.BOUNCE, _PROGRAM, row.reason)
    if row.customer_id is not None:
        publish(MessageBounced(row.workspace_id, row.customer_id, row.mailing_id), _PROGRAM)
