"""The loop: reads ahead, announces, claims, sends, records. All decisions are PostgreSQL's, made in ticks of one transaction."""

import asyncio
import random
import sys
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import islice

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.core.db import let_go_after
from app.core.errors import Refusal
from app.delivery import mime
from app.delivery.mailer import pantry
from app.delivery.mailer.fleet import Fleet
from app.delivery.mailer.item import Item
from app.delivery.mailer.line import Line
from app.delivery.mailer.pantry import Candidate, Kitchen, Post, Survey
from app.delivery.mailer.stock import LOW, READY, Shelf, Stock
from app.delivery.mailer.threads import Threads
from app.delivery.mailer.tick import Tick, run_tick
from app.delivery.models import MessageState
from app.delivery.queries.ledger import LEASE
from app.delivery.replies import MOST_ATTEMPTS, Reply, Verdict, of_message, wait_after
from app.delivery.service import ledger
from app.delivery.service.ledger import Catch, LeaseLost, Outcome

SURVEY_SECONDS = 0.5
GATHER = 0.002
"""Seconds that a tick waits for more replies once the first is there, unless half of the lines have something to say."""
MARGIN = 4.0
"""Seconds before the end of the lease from which on nothing is written any more."""
PAUSE = 0.5
TURN = 0.0005
"""Seconds after which a thread that computes gives way: Python's own 5 ms would be lost again and again, after each statement of a tick."""
CAUGHT_AT_ONCE = 100
LAST_REPLIES = 4.0
"""Seconds that replies are waited for when the mailer is told to stop."""
log = structlog.get_logger()


class Engine:
    """A mailer. `run` returns when told to stop, and raises nothing for a database or server that is away."""

    def __init__(self, app: Flask, halt: Callable[[], bool], name: str) -> None:
        self.halt, self.name = halt, name
        self.mailer = 0
        self.deadline = 0.0
        self.posts: dict[int, Post] = {}
        self.stock = Stock()
        self.fleet = Fleet(self)
        self._share = (1, 0)
        self._outcomes: list[Outcome] = []
        self._unsure: set[int] = set()
        self._holds: set[int] = set()
        self._frees: set[int] = set()
        self._problems: dict[int, str] = {}
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._surveyed = 0.0
        self._surveying = False
        self.threads = Threads(app)

    # What lines tell (see line.Owner).

    def alive(self) -> bool:
        """Tell whether the lease still holds by the local clock, which goes on while the machine sleeps."""
        return _clock() < self.deadline

    def ready(self, _line: Line, /) -> None:
        """Note that a server waits for a body."""
        self._news.set()

    def answered(self, item: Item, reply: Reply) -> None:
        """Note the reply to a body."""
        if reply.code < 400:  # noqa: PLR2004 (RFC 5321)
            self._note(Outcome(item.message_id, MessageState.SENT, str(reply)))
            self._frees.update(self.fleet.recovered(item))
        else:
            self._refuse(item, reply)

    def refused(self, line: Line, item: Item, reply: Reply) -> None:
        """Note that a server does not want a message, before its body was sent."""
        if reply.code == 421:  # noqa: PLR2004 (it hangs up)
            if not self._shun(item, reply) and self.fleet.shunned(line):
                self._holds.add(line.account.sender_id)
            line.abort()
        else:
            self._refuse(item, reply)

    def unwelcome(self, line: Line, item: Item, reply: Reply) -> None:
        """Note that a server takes no mail from this sender: nobody is marked, a person must correct it."""
        self.stock.give_back(item)
        address = item.return_path.decode("utf-8", "replace")
        self.trouble(item.sender_id, f"{line.account.host} takes no mail from {address} ({reply.codes}).")
        line.abort()

    def closed(self, line: Line, current: Item | None, following: Item | None, reply: Reply | None) -> None:
        """Note what a lost connection leaves behind."""
        if current is not None:
            why = f"The connection ended before the reply{f' ({reply})' if reply else ''}."
            self._note(Outcome(current.message_id, MessageState.IN_DOUBT, why))
        blamed = False
        if following is not None:
            if following.claimed:
                self._note(Outcome(following.message_id, MessageState.PENDING, tried=0))
            elif line.ours:
                self.stock.give_back(following)
            else:
                blamed = self._shun(following, reply or Reply(421, "4.4.2 The server hung up."))
        if self.fleet.lost(line) and not blamed:
            self._holds.add(line.account.sender_id)
        self._news.set()

    def trouble(self, sender_id: int, problem: str | None) -> None:
        """Note that a sender cannot be reached (it rests), or that it refuses our login (`problem`: a person must correct it)."""
        self._holds.add(sender_id)
        if problem:
            self._problems[sender_id] = problem
        self._news.set()

    def _refuse(self, item: Item, reply: Reply) -> None:
        verdict = of_message(reply)
        if verdict is Verdict.RETRY and item.attempts + 1 < MOST_ATTEMPTS:
            wait = wait_after(item.attempts + 1, random.random())  # noqa: S311 (jitter)
            self._note(Outcome(item.message_id, MessageState.PENDING, str(reply), wait, claimed=item.claimed))
        else:
            state = MessageState.BOUNCED if verdict is Verdict.BOUNCED else MessageState.FAILED
            self._note(Outcome(item.message_id, state, str(reply), claimed=item.claimed))

    def _shun(self, item: Item, reply: Reply) -> bool:
        """Note that a server hung up on a message that was only announced; tell whether the message is to blame, so that this was a try."""
        blamed = self.fleet.blames(item)
        if blamed:
            self._refuse(item, reply)
        else:
            self.stock.give_back(item, last=True)
        return blamed

    def _spoiled(self, candidate: Candidate, problem: Exception) -> None:
        why = str(problem) if isinstance(problem, ValueError | Refusal) else f"{type(problem).__name__}: {problem}"
        self._note(Outcome(candidate.message_id, MessageState.FAILED, why[:300], claimed=False))

    def _note(self, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        self._news.set()

    # The loop.

    async def run(self) -> None:
        """Send until told to stop."""
        while not self.halt():
            try:
                await self._begin()
                while not self.halt():
                    await self._turn()
            except LeaseLost:
                log.warning("mailer lost its lease", mailer=self.mailer)
                self._drop()
            except SQLAlchemyError as problem:
                log.warning("database is away", problem=str(problem).splitlines()[0])
                await asyncio.sleep(PAUSE)
        await self._end()
        self.threads.close()

    async def _begin(self) -> None:
        if not self.mailer:
            began = _clock()
            self.mailer = await self.threads.write(partial(ledger.register, self.name))
            self.deadline = began + LEASE - MARGIN

    def _drop(self) -> None:
        """Forget everything: whoever declared us dead has marked it."""
        self.deadline, self.mailer = 0.0, 0
        self.fleet.drop()
        self._outcomes = [outcome for outcome in self._outcomes if not outcome.claimed]
        self._unsure.clear()
        self.stock = Stock()

    async def _turn(self) -> None:
        if _clock() - self._surveyed > SURVEY_SECONDS and not self._surveying:
            self._spawn(self._survey())
        self._read_ahead()
        self.fleet.tend()
        ready = self.fleet.ready()
        if self._outcomes or ready or self._unsure or self._sandboxed() or _clock() > self.deadline - LEASE / 2:
            await self._gather(len(ready))
            await self._tick()
        elif self._emptied():
            self._surveyed = 0.0  # look at once whether that was all
        else:
            await self._rest(0.05 if self.fleet.lines else 0.2)

    async def _gather(self, ready: int) -> None:
        """Wait a moment for more to do in the same transaction."""
        if 2 * (ready + len(self._outcomes)) < len(self.fleet.lines):
            await asyncio.sleep(GATHER)

    async def _rest(self, seconds: float) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _tick(self) -> None:
        """One transaction: record, renew, claim. Bodies go out after its commit only."""
        lines = {line.next.message_id: line for line in self.fleet.ready() if line.next}
        tick = self._order(list(lines.values()))
        began = _clock()
        try:
            await self.threads.write(partial(run_tick, self.mailer, tick, self.threads.alone))
        except SQLAlchemyError:
            self._outcomes = tick.outcomes + self._outcomes
            self._unsure |= {ident for ids in tick.ready.values() for ident in ids}
            self._holds |= tick.holds
            self._frees |= tick.frees
            self._problems = tick.problems | self._problems
            self.stock.busy -= {c.message_id for c in tick.caught}  # they are read anew
            for line in lines.values():
                line.abort()
            raise
        self.deadline = began + LEASE - MARGIN
        self._unsure.clear()
        self.stock.busy -= {o.message_id for o in tick.outcomes} | {c.message_id for c in tick.caught}
        self.fleet.paced(tick.ready, tick.asked)
        for message_id, line in lines.items():
            if message_id in tick.asked:
                self._go_on(line, message_id, claimed=message_id in tick.claimed)

    def _go_on(self, line: Line, message_id: int, *, claimed: bool) -> None:
        """Send a claimed body. Whose line broke during the tick waits again: it has been given back already."""
        if line.over or line.next is None:
            if claimed:
                self._note(Outcome(message_id, MessageState.PENDING, tried=0))
            return
        if not claimed:
            self.stock.busy.discard(line.next.message_id)
            line.next = None
            line.abort()  # the server waits for a body that must not be sent
            return
        line.next.claimed = True
        following = self.fleet.following(line)
        if not line.send_body(following) and following is not None:
            self.stock.give_back(following)

    def _order(self, ready: Sequence[Line]) -> Tick:
        outcomes, self._outcomes = self._outcomes, []
        outcomes += [Outcome(ident, MessageState.PENDING, tried=0) for ident in sorted(self._unsure)]
        by_sender: dict[int, list[int]] = {}
        for line in ready:
            if line.next:
                by_sender.setdefault(line.account.sender_id, []).append(line.next.message_id)
        limits = {s: post.per_second for s, post in self.posts.items() if post.per_second is not None}
        tick = Tick(outcomes, by_sender, limits, self._catch(), set(self._holds), set(self._frees), dict(self._problems))
        self._holds.clear()
        self._frees.clear()
        self._problems.clear()
        return tick

    def _sandboxed(self) -> bool:
        return any(post.sandbox and self.stock.filled(sender) for sender, post in self.posts.items())

    def _catch(self) -> list[Catch]:
        caught: list[Catch] = []
        for sender_id, post in self.posts.items():
            while post.sandbox and len(caught) < CAUGHT_AT_ONCE and (item := self.stock.take(sender_id)):
                caught.append(Catch(item.message_id, item.subject, zlib.compress(mime.unstuffed(item.wire), 1)))
        return caught

    # Reading.

    def _read_ahead(self) -> None:
        for shelf in self.stock.shelves.values():
            post = self.posts.get(shelf.wish.sender_id)
            if post and not post.blocked and shelf.wish.waiting and not shelf.reading and not shelf.dry and shelf.filled < LOW:
                shelf.reading = True
                self._spawn(self._fetch(shelf, post))
            if shelf.candidates and shelf.kitchen and not shelf.cooking and len(shelf.ready) < READY:
                shelf.cooking = True
                self._spawn(self._prepare(shelf, shelf.kitchen))

    async def _fetch(self, shelf: Shelf, post: Post) -> None:
        wish = shelf.wish
        try:
            if shelf.kitchen is None or shelf.version != post.version:
                shelf.kitchen = await self.threads.read(partial(pantry.kitchen, wish.workspace_id, wish.mailing_id))
                shelf.version = post.version
            found, after = await self.threads.read(partial(pantry.candidates, shelf.kitchen, shelf.after, *self._share))
            self.stock.put(wish.mailing_id, found)
            shelf.after, shelf.dry = (after, False) if after else (0, True)
        except Exception:
            await asyncio.sleep(PAUSE)  # not again at once
            raise
        finally:
            shelf.reading = False
            self._news.set()

    async def _prepare(self, shelf: Shelf, kitchen: Kitchen) -> None:
        """Make the next messages of a mailing, in a thread of their own: a slow template must not hold up the lines."""
        waiting = list(islice(shelf.candidates, READY))
        try:
            items, spoiled, taken = await self.threads.cook(partial(pantry.cook, kitchen, waiting))
            done = {candidate.message_id for candidate in waiting[:taken]}
            shelf.candidates = deque(candidate for candidate in shelf.candidates if candidate.message_id not in done)
            shelf.ready.extend(items)
            for candidate, problem in spoiled:
                self.stock.busy.add(candidate.message_id)
                self._spoiled(candidate, problem)
        finally:
            shelf.cooking = False
            self._news.set()

    async def _survey(self) -> None:
        self._surveying = True
        try:
            found: Survey = await self.threads.read(partial(pantry.survey, self.mailer))
            over = [(w.workspace_id, w.mailing_id) for w in found.wishes if not w.waiting and not w.system and not self._busy(w.mailing_id)]
            if over:
                await self.threads.write(partial(ledger.finish, over))
            if found.posts.keys() - self.posts.keys():
                await self.threads.write(partial(ledger.make_paces, sorted(found.posts)))
        finally:
            self._surveyed, self._surveying = _clock(), False
        self.posts = dict(found.posts)
        self.fleet.remember(sender_id for sender_id, post in self.posts.items() if post.troubled)
        if self._share != (found.of, found.mine):
            self._share = (found.of, found.mine)
            self.stock.keep(*self._share)
        self.stock.update(list(found.wishes))
        self._news.set()

    def _emptied(self) -> bool:
        """Tell, once, that a mailing has been read to its end and nothing of it is under way any more."""
        found = [shelf for mailing_id, shelf in self.stock.shelves.items() if shelf.dry and not shelf.told and not self._busy(mailing_id)]
        for shelf in found:
            shelf.told = True
        return bool(found)

    def _busy(self, mailing_id: int) -> bool:
        shelf = self.stock.shelves.get(mailing_id)
        return bool(shelf and (shelf.filled or shelf.reading or shelf.cooking)) or self.fleet.carries(mailing_id)

    def _spawn(self, work: Awaitable[None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except (SQLAlchemyError, Refusal) as problem:
                log.warning("mailer could not read", problem=str(problem).splitlines()[0])
            except Exception:
                log.exception("mailer could not go on with a part of its work")

        task = asyncio.get_running_loop().create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self) -> None:
        """Begin nothing more, wait a little for the last replies, record them, and give the lease back."""
        self.stock.update([])
        self.fleet.rest()
        until = _clock() + LAST_REPLIES
        while self.fleet.waits() and _clock() < until:
            await self._rest(0.1)
        self.fleet.drop()
        try:
            if self.mailer:
                await self.threads.write(partial(run_tick, self.mailer, self._order([]), self.threads.alone))
                await self.threads.write(partial(ledger.sweep, self.name))
        except (SQLAlchemyError, LeaseLost) as problem:
            log.warning("last replies not noted", problem=str(problem))


def _clock() -> float:
    """Return seconds of a clock that goes on while the process or the machine is suspended."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def run(app: Flask, halt: Callable[[], bool], name: str) -> None:
    """Be a mailer, in a process of its own."""
    sys.setswitchinterval(TURN)
    let_go_after(MARGIN)

    async def work() -> None:
        await Engine(app, halt, name).run()

    asyncio.run(work())
