"""A hit as it is kept until it is drained, and the journal that keeps it.

A hit is answered when it is safe: in the stream of Redis or, while Redis is away, in a table of PostgreSQL. Threads of one process share
a connection: whoever finds it free writes for all who wait, in one go, and each is told of its own acknowledgement. The same hit
may be kept twice when a line broke; the drain knows it by its id and time.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, cast

import redis
import sqlalchemy as sa
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.delivery.models import Hit as Row

STREAM = "fl:hits"
FIELD = b"h"
MOST_AGENT = 500
_PAUSE = 1.0
"""Seconds for which a server that failed is left alone, so that not every hit waits for it."""
_DOUBT = 3.0
"""Seconds within which Redis (`appendfsync everysec`) may hold back from its file what it acknowledged: said again after a broken line."""
_MOST_DOUBT = 50_000
_UNSAFE = str.maketrans(dict.fromkeys((*range(32), 127), " "))
_BODY = re.compile(r"^([0-9a-f]{32})\t(\d{15,17})\t(\d{1,19})\t(\d{0,5})\t(GET|HEAD)\t([0-9A-Fa-f:.]{0,45})\t(.*)$", re.MULTILINE)
_LARGEST = 2**63 - 1
_HEAD = b"*5\r\n$4\r\nXADD\r\n$%d\r\n%s\r\n$1\r\n*\r\n$1\r\n%s\r\n$" % (len(STREAM), STREAM.encode(), FIELD)
log = structlog.get_logger()


class Hit(NamedTuple):
    """A request of a pixel (`position` None) or a link. `event_id` is a UUID in hex, `at` microseconds since 1970; both fixed at the edge."""

    event_id: str
    at: int
    message_id: int
    position: int | None
    method: str
    address: str
    agent: str


def encode(hit: Hit) -> bytes:
    """Return a hit as it is kept: its fields with tabs between."""
    position = "" if hit.position is None else hit.position
    agent = hit.agent[:MOST_AGENT].translate(_UNSAFE)
    return f"{hit.event_id}\t{hit.at}\t{hit.message_id}\t{position}\t{hit.method}\t{hit.address}\t{agent}".encode(errors="replace")


def decode(bodies: str) -> list[Hit]:
    """Read hits, one a line; lines that are none are left out: what cannot be written must not stand in the way of what can."""
    found = _BODY.findall(bodies.replace("\0", " "))
    hits = [
        Hit(event_id, int(at), int(message_id), int(position) if position else None, method, address, agent)
        for event_id, at, message_id, position, method, address, agent in found
    ]
    return [hit for hit in hits if hit.message_id <= _LARGEST]


class _Entry:
    """A body that waits, and the lock by which its thread is told: that it is kept (or not), or that it is its turn to write for all."""

    __slots__ = ("body", "kept", "leads", "told")

    def __init__(self, body: bytes) -> None:
        self.body, self.kept, self.leads, self.told = body, False, False, threading.Lock()
        self.told.acquire()


class Journal:
    """Keeps hits. Opens its connections when the first hit comes, so it may be made before a fork."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        self._door = threading.Lock()
        self._waiting: list[_Entry] = []
        self._busy = False
        self._stream, self._table = _Stream(redis_url), _Table(database_url)

    def keep(self, body: bytes) -> bool:
        """Return when the hit is safe (True), or when nobody could take it; waits for a few seconds at most."""
        entry = _Entry(body)
        with self._door:
            self._waiting.append(entry)
            entry.leads = not self._busy
            self._busy = True
        if not entry.leads:
            entry.told.acquire()  # the one who leads lets go, always; its own waits are bounded
        if entry.leads:
            self._lead()
        return entry.kept

    def close(self) -> None:
        """Close the connections."""
        self._stream.close()
        self._table.close()

    def _lead(self) -> None:
        """Write what waits, tell its threads, and hand over to the next who came meanwhile."""
        with self._door:
            batch, self._waiting = self._waiting, []
        kept = False
        try:
            bodies = [entry.body for entry in batch]
            kept = self._stream.keep(bodies) or self._table.keep(self._stream.doubt + bodies)
            if kept:
                self._stream.doubt = []
            else:
                log.error("hits lost: neither Redis nor PostgreSQL takes them", count=len(batch))
        finally:
            for entry in batch:
                entry.kept = kept
            with self._door:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for entry in batch:
                if not entry.leads:
                    entry.told.release()
            if following:
                following.leads = True
                following.told.release()


class _Stream:
    """The connection to Redis: commands go out in one write, and each is acknowledged. Used by one thread at a time."""

    def __init__(self, url: str) -> None:
        self._pool = redis.ConnectionPool.from_url(url, socket_timeout=1, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0))
        self._line: redis.Connection | None = None
        self._away_until = 0.0
        self._recent: deque[tuple[float, bytes]] = deque(maxlen=_MOST_DOUBT)
        self.doubt: list[bytes] = []
        """Acknowledged on a line that broke then."""

    def keep(self, bodies: Sequence[bytes]) -> bool:
        """Append to the stream, what is in doubt first; False while Redis is away."""
        moment = time.monotonic()
        if moment < self._away_until:
            return False
        try:
            if self._line is None:
                self._line = cast("redis.Connection", self._pool.make_connection())
                self._line.connect()  # type: ignore[no-untyped-call]
            everything = [*self.doubt, *bodies]
            self._line.send_packed_command([b"".join(_HEAD + b"%d\r\n%s\r\n" % (len(one), one) for one in everything)])  # type: ignore[no-untyped-call]
            for _ in everything:
                self._line.read_response(disable_decoding=True)
        except (redis.RedisError, OSError) as problem:
            log.warning("redis takes no hits", problem=str(problem).splitlines()[0])
            self.close()
            self._away_until = time.monotonic() + _PAUSE
            self.doubt += [body for _, body in self._recent]
            self._recent.clear()
            return False
        self._remember(moment, everything)
        return True

    def _remember(self, moment: float, bodies: Sequence[bytes]) -> None:
        recent = self._recent
        while recent and recent[0][0] < moment - _DOUBT:
            recent.popleft()
        recent.extend((moment, body) for body in bodies)

    def close(self) -> None:
        """Close the connection; the next hit opens another."""
        if self._line is not None:
            self._line.disconnect()  # type: ignore[no-untyped-call]
            self._line = None


class _Table:
    """The table that takes hits while Redis is away. Used by one thread at a time."""

    def __init__(self, url: str) -> None:
        options = {
            "connect_timeout": 2,
            "application_name": "fairlead hits",
            "options": "-c statement_timeout=2000",
            "tcp_user_timeout": 3000,
        }
        self._engine = sa.create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True, hide_parameters=True, connect_args=options)
        self._away_until = 0.0

    def keep(self, bodies: Sequence[bytes]) -> bool:
        """Insert, and commit; False while PostgreSQL is away."""
        if time.monotonic() < self._away_until:
            return False
        try:
            with self._engine.begin() as line:
                line.execute(sa.insert(Row), [{"body": body} for body in bodies])
        except sa.exc.SQLAlchemyError as problem:
            log.warning("database takes no hits", problem=str(problem).splitlines()[0])
            self._away_until = time.monotonic() + _PAUSE
            return False
        return True

    def close(self) -> None:
        """Close the connection; the next hit opens another."""
        self._engine.dispose()
