"""The connections of all senders: opened as there is work, kept while there may be more, let go when there is none."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from app.core.errors import Forbidden, Refusal
from app.delivery import certificates
from app.delivery.mailer import pantry
from app.delivery.mailer.item import Item
from app.delivery.mailer.line import CONNECT_SECONDS, Account, Line, Owner, Phase, Refused
from app.delivery.mailer.pantry import Post
from app.delivery.mailer.stock import Stock
from app.delivery.mailer.threads import Threads

AT_ONCE = 10
"""Connections of one sender that may be opening at a time: servers take a crowd at the door for an attack."""
IDLE_SECONDS = 10.0
LOOK_UP_SECONDS = 60.0
"""Seconds that the address of a server is believed."""


class Captain(Owner, Protocol):
    """The engine, as the fleet knows it."""

    posts: dict[int, Post]
    stock: Stock
    threads: Threads

    def trouble(self, sender_id: int, problem: str | None) -> None:
        """Hear that a sender cannot be reached."""

    def _spawn(self, work: Awaitable[None]) -> None: ...


class Fleet:
    """All lines. `lines` have passed their handshake."""

    def __init__(self, captain: Captain) -> None:
        self._captain = captain
        self.lines: set[Line] = set()
        self._opening: dict[int, int] = {}
        self._idle: dict[Line, float] = {}
        self._asking: dict[int, asyncio.Lock] = {}
        self._accounts: dict[int, tuple[int, float, Account]] = {}
        self._not_before: dict[int, float] = {}
        self._troubled: set[int] = set()
        self._accepted: dict[int, float] = {}
        """When a sender's server last took a message."""
        self._shunned: dict[int, float] = {}
        """When a server first hung up on a message before its body."""
        self._resting = False
        self._looked = 0.0

    def tend(self) -> None:
        """Open what is missing, give free lines something to do, let idle ones go."""
        if self._resting:
            return
        posts = self._captain.posts
        for post in posts.values():
            if not post.sandbox and not post.blocked:
                self._open_missing(post)
        if self._looked + 1.0 < time.monotonic():
            self._looked = time.monotonic()
            for line in [line for line in self.lines if line.due < self._looked]:
                line.abort(silent=True)
        for line in [line for line in self.lines if line.open and line.next is None]:
            item = self._following(line)
            if item is not None:
                self._idle.pop(line, None)
                line.announce(item)
            elif line.current is None and (self._is_old(line) or self._idle_for(line) > IDLE_SECONDS):
                line.quit()

    def _is_old(self, line: Line) -> bool:
        post = self._captain.posts.get(line.account.sender_id)
        return post is not None and post.version != line.account.version

    def _idle_for(self, line: Line) -> float:
        return time.monotonic() - self._idle.setdefault(line, time.monotonic())

    def _open_missing(self, post: Post) -> None:
        here = sum(1 for line in self.lines if line.account.sender_id == post.sender_id)
        opening = self._opening.get(post.sender_id, 0)
        most = post.connections if post.per_second is None else min(post.connections, 2 * post.per_second)
        missing = min(most - here - opening, self._captain.stock.filled(post.sender_id) - opening, AT_ONCE - opening)
        for _ in range(missing):
            self._opening[post.sender_id] = self._opening.get(post.sender_id, 0) + 1
            self._captain._spawn(self._open(post))  # noqa: SLF001 (the engine's own way to start a task)

    async def _open(self, post: Post) -> None:
        line: Line | None = None
        try:
            account = await self._account(post)
            line = Line(self._captain, account)
            await self._connect(line, account)
            self.lines.add(line)
        except Refused as no:
            self._troubled.add(post.sender_id)
            self._captain.trouble(
                post.sender_id, f"{line and line.account.host} refuses our login ({no.reply.codes})." if no.login else None
            )
        except Refusal as no:
            self._troubled.add(post.sender_id)
            self._captain.trouble(post.sender_id, no.reason if isinstance(no, Forbidden) else None)
        except ssl.SSLCertVerificationError as no:
            self._troubled.add(post.sender_id)
            self._captain.trouble(post.sender_id, certificates.why(line.account.host if line else "", no))
        except (OSError, TimeoutError):
            self._troubled.add(post.sender_id)
            self._captain.trouble(post.sender_id, None)
        finally:
            self._opening[post.sender_id] -= 1
            if line is not None and line not in self.lines:
                line.abort()

    async def _account(self, post: Post) -> Account:
        """Return where to connect; of several lines that open at once, one asks."""
        async with self._asking.setdefault(post.sender_id, asyncio.Lock()):
            kept = self._accounts.get(post.sender_id)
            if kept is None or kept[0] != post.version or time.monotonic() - kept[1] > LOOK_UP_SECONDS:
                found = await self._captain.threads.read(partial(pantry.account, post.workspace_id, post.sender_id))
                address = await self._captain.threads.look_up(found.host, found.port)
                kept = self._accounts[post.sender_id] = (post.version, time.monotonic(), replace(found, address=address))
            return kept[2]

    async def _connect(self, line: Line, account: Account) -> None:
        context = account.context if account.tls == "tls" else None
        async with asyncio.timeout(CONNECT_SECONDS):
            await asyncio.get_running_loop().create_connection(
                lambda: line, account.address, account.port, ssl=context, server_hostname=account.host if context else None
            )
        await line.greet()

    def following(self, line: Line) -> Item | None:
        """Return the message to announce behind the body that goes out on a line now, if there is one."""
        return None if self._resting else self._following(line)

    def _following(self, line: Line) -> Item | None:
        """Return the next message for a line, unless its sender rests or was changed since it was opened."""
        post = self._captain.posts.get(line.account.sender_id)
        return None if post is None or post.blocked or post.version != line.account.version else self._captain.stock.take(post.sender_id)

    def ready(self) -> list[Line]:
        """Return the lines whose server waits for a body, but for those of senders that have used up their pace."""
        at = time.monotonic()
        return [
            line
            for line in self.lines
            if line.phase is Phase.READY and line.next and self._not_before.get(line.account.sender_id, 0.0) <= at
        ]

    def paced(self, ready: Mapping[int, Sequence[int]], asked: set[int]) -> None:
        """Note which senders got fewer tokens than they have lines ready: they are asked again when a new one is due."""
        for sender_id, ids in ready.items():
            post = self._captain.posts.get(sender_id)
            if post and post.per_second and not asked.issuperset(ids):
                self._not_before[sender_id] = time.monotonic() + max(0.01, 1 / post.per_second)

    def lost(self, line: Line) -> bool:
        """Forget a line that is gone; tell whether that looks like trouble with its server: nothing went through it."""
        known = line in self.lines
        self.lines.discard(line)
        self._idle.pop(line, None)
        bad = known and not line.done and not self._resting and line.next is not None
        if bad:
            self._troubled.add(line.account.sender_id)
        return bad

    def shunned(self, line: Line) -> bool:
        """Note that a server hung up on us; tell whether it did so before it took anything on this line, so that its sender should rest."""
        if not line.done:
            self._troubled.add(line.account.sender_id)
        return not line.done

    def blames(self, item: Item) -> bool:
        """Note that a server hung up on a message that was only announced; tell whether it took others of this sender since it first did so.

        Then the message is to blame. Else the server may be tired.
        """
        first = self._shunned.setdefault(item.message_id, time.monotonic())
        return self._accepted.get(item.sender_id, 0.0) > first

    def remember(self, sender_ids: Iterable[int]) -> None:
        """Note which senders stand in the database as having trouble: the first message that is accepted clears them."""
        self._troubled.update(sender_ids)

    def recovered(self, item: Item) -> set[int]:
        """Return the sender of an accepted message if it had trouble before."""
        self._accepted[item.sender_id] = time.monotonic()
        self._shunned.pop(item.message_id, None)
        found = {item.sender_id} & self._troubled
        self._troubled -= found
        return found

    def carries(self, mailing_id: int) -> bool:
        """Tell whether a message of a mailing is on any line."""
        return any(item.mailing_id == mailing_id for line in self.lines for item in (line.current, line.next) if item)

    def waits(self) -> bool:
        """Tell whether a reply to a body is outstanding."""
        return any(line.current for line in self.lines)

    def rest(self) -> None:
        """Begin nothing more; lines without a body under way go."""
        self._resting = True
        for line in [line for line in self.lines if line.current is None]:
            line.abort()

    def drop(self) -> None:
        """Drop all lines."""
        for line in list(self.lines):
            line.abort()
