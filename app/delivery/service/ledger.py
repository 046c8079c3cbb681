"""What the mailer does to the ledger: each function is one transaction's worth; the mailer commits.

A message leaves only after the commit of the claim that marked it `sending` under a lease that still holds.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.actor import Actor
from app.core.db import session
from app.core.prepared import Alone
from app.customers.models.consent import SuppressionReason
from app.customers.service.suppressions import suppress
from app.delivery.events import MessageBounced, SenderStopped
from app.delivery.models import CaughtMail, MessageBody, MessageKind, MessageState
from app.delivery.queries import ledger as queries
from app.delivery.service.mailings import finish_if_done, group_of
from app.delivery.service.tallies import add_tallies
from app.events.service import publish

_PROGRAM = Actor.system("Mailer")


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


def tick(mailer: int, outcomes: Sequence[Outcome], wanted: Sequence[int], alone: Alone | None = None) -> set[int]:
    """Renew the lease, write what became of messages, mark those `wanted` as `sending` as far as they wait and may be sent; return which.

    With tallies, hours, activities; addresses refused for good are suppressed. With `alone` it is committed at
    once, and nothing among the outcomes may be bounced. Raises LeaseLost; then nothing was written.
    """
    values = {
        "mailer": mailer,
        "ids": [o.message_id for o in outcomes],
        "states": [int(o.state) for o in outcomes],
        "labels": [group_of(o.state, o.reason or "") for o in outcomes],
        "reasons": [o.reason for o in outcomes],
        "waits": [o.wait for o in outcomes],
        "tried": [o.tried for o in outcomes],
        "claimed": [o.claimed for o in outcomes],
        "wanted": sorted(wanted),
    }
    (found,) = alone.run(queries.TICK, values) if alone else queries.TICK.run(values)
    if found.lease is None:
        raise LeaseLost
    for bounced in found.bounced or ():
        _bounce(bounced)
    return set(found.taken)


def catch(caught: Sequence[Catch]) -> None:
    """Take messages into the sandbox as far as they wait and may be sent; skip those that may not any more."""
    if not caught:
        return
    rows = queries.CATCH.run({"ids": sorted(c.message_id for c in caught)})
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
    skip({c.message_id for c in caught} - taken.keys())


def skip(ids: Collection[int]) -> None:
    """Skip messages that were wanted in vain, with the reason; those that somebody else took, or whose mailing stands still, are left."""
    if ids:
        rows = queries.SKIP.run({"ids": sorted(ids)})
        add_tallies(Counter((row.mailing_id, int(MessageState.SKIPPED), row.reason) for row in rows))


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


def _forget_words(ids: Iterable[int]) -> None:
    """Delete the words of letters that are over: they may hold a link that opens an account."""
    over = list(ids)
    if over:
        session().execute(sa.delete(MessageBody).where(MessageBody.message_id.in_(over)))


def _bounce(row: Mapping[str, Any]) -> None:
    if row["address"] is not None:  # erased meanwhile
        suppress(row["workspace_id"], [row["address"]], SuppressionReason.BOUNCE, _PROGRAM, row["reason"])
    if row["customer_id"] is not None:
        publish(MessageBounced(row["workspace_id"], row["customer_id"], row["mailing_id"]), _PROGRAM)
