"""One transaction of the mailer: what it is to do, and the doing."""

from dataclasses import dataclass, field

from app.core.prepared import Alone
from app.delivery.models import MessageState
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

    @property
    def plain(self) -> bool:
        """Tell whether it writes nothing but outcomes and claims, as nearly all do: then it need not be a transaction of several statements."""
        more = self.caught or self.holds or self.frees or self.problems or not self.limits.keys().isdisjoint(self.ready)
        return not more and all(o.state != MessageState.BOUNCED for o in self.outcomes)


def run_tick(mailer: int, tick: Tick, alone: Alone) -> None:
    """Run a tick in the writing thread, a plain one by `alone`. What is not committed then, the caller commits."""
    for sender_id, ids in sorted(tick.ready.items()):
        limit = tick.limits.get(sender_id)
        tick.asked.update(ids if limit is None else ids[: ledger.take_tokens(sender_id, limit, len(ids))])
    tick.claimed = ledger.tick(mailer, tick.outcomes, tuple(tick.asked), alone if tick.plain else None)
    ledger.catch(tick.caught)
    for sender_id, problem in tick.problems.items():
        ledger.stop_sender(sender_id, problem)
    for sender_id in sorted(tick.holds):
        ledger.hold(sender_id)
    for sender_id in sorted(tick.frees):
        ledger.free(sender_id)
    ledger.skip(tick.asked - tick.claimed)
