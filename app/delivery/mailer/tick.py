"""One transaction of the mailer: what it is to do, and the doing."""

from dataclasses import dataclass, field

from app.delivery.service import ledger
from app.delivery.service.ledger import Catch, Outcome


@dataclass(slots=True)
class Tick:
    """What one transaction is to do, and what came of it."""

    outcomes: list[Outcome]
    ready: dict[int, list[int]]
    """Message ids by sender whose line waits for the body."""
    limits: dict[int, int]
    caught: list[Catch]
    holds: set[int]
    frees: set[int]
    problems: dict[int, str]
    asked: set[int] = field(default_factory=set)
    claimed: set[int] = field(default_factory=set)


def run_tick(mailer: int, tick: Tick) -> None:
    """Run a tick in the writing thread; it is committed by the caller."""
    ledger.record(mailer, tick.outcomes, tick.caught)
    for sender_id, problem in tick.problems.items():
        ledger.stop_sender(sender_id, problem)
    for sender_id in sorted(tick.holds):
        ledger.hold(sender_id)
    for sender_id in sorted(tick.frees):
        ledger.free(sender_id)
    asked: list[int] = []
    for sender_id, ids in sorted(tick.ready.items()):
        limit = tick.limits.get(sender_id)
        asked += ids if limit is None else ids[: ledger.take_tokens(sender_id, limit, len(ids))]
    tick.asked = set(asked)
    tick.claimed = ledger.claim(mailer, asked)
