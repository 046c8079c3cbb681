"""The one process that moves things on: it leads under an advisory lock, others stand by.

Everything it does is safe if done twice; the lock saves work, it guards nothing.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg2
import redis
import sqlalchemy as sa
import structlog
from flask import Flask
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from app.core.db import session
from app.jobs import carrier, queries

LEADER = 0x464C4541
"""The advisory lock of the leader."""
ONE_PUSH = 5.0
"""Seconds within which what was noted as put into RQ is there, by any host's clock."""
STANDBY = 1.0
"""Seconds between two attempts of a clock that stands by."""
log = structlog.get_logger()


@dataclass(slots=True)
class Desk:
    """What duties work with."""

    redis: redis.Redis
    server: str = ""
    """Redis' run id when last seen; empty after trouble."""
    trusted: datetime | None = None
    """What was put into RQ before this may have been forgotten by it."""

    def look(self) -> None:
        """Distrust what RQ holds if Redis was away or began anew, or if another clock led before."""
        server = str(self.redis.info("server")["run_id"])
        if server != self.server:
            self.trusted = _moment(0)
            session().rollback()
            self.server = server

    def horizon(self, queue: str) -> datetime:
        """Return the moment before which ids put into this queue, and not taken up, count as lost.

        That is a minute ago, and after trouble at once. But what was put there after the entry that is next is still there:
        putting it there once more with every restart would make a long queue longer each time.
        """
        lost = _moment(queries.LOST_AFTER)
        if self.trusted:
            lost = max(lost, self.trusted)
        oldest = carrier.oldest(self.redis, queue)
        return min(lost, oldest - timedelta(seconds=ONE_PUSH)) if oldest else lost


def _moment(seconds_ago: float) -> datetime:
    moment: datetime = session().execute(queries.moment_ago(seconds_ago)).scalar_one()
    return moment


Act = Callable[[Desk], bool | None]


@dataclass(slots=True)
class Duty:
    """Something the clock does every so many seconds, and at once when woken if `woken`; True: there is more."""

    act: Act
    every: float
    woken: bool = False
    order: int = 50
    due: float = 0.0


duties: list[Duty] = []
"""Rooms add theirs when they are loaded."""


def duty(*, every: float, woken: bool = False, order: int = 50) -> Callable[[Act], Act]:
    """Register a duty. It commits itself and leaves nothing behind when it fails; it is then done again later."""

    def register(act: Act) -> Act:
        duties.append(Duty(act, every, woken, order))
        return act

    return register


@dataclass(slots=True)
class Clock:
    """Leads, or stands by until it may."""

    app: Flask
    duties: list[Duty] = field(default_factory=lambda: sorted(duties, key=lambda d: d.order))
    stopping: bool = False
    _wakeup: int = -1

    def run(self) -> None:
        """Run until TERM or Ctrl-C; survive the absence of PostgreSQL and Redis."""
        self._listen_to_signals()
        pause = 0.1
        while not self.stopping:
            try:
                with contextlib.closing(self._connect()) as line:
                    pause = 0.1
                    if self._wait_to_lead(line):
                        log.info("clock leads")
                        self._lead(line)
            except psycopg2.Error as problem:
                log.warning("database is away", problem=str(problem).strip())
                self._sleep(pause)
                pause = min(pause * 2, 2.0)

    def _listen_to_signals(self) -> None:
        self._wakeup, write = os.pipe()
        for end in (self._wakeup, write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def _stop(self, _number: int, _frame: object) -> None:
        self.stopping = True

    def _sleep(self, seconds: float) -> None:
        if not self.stopping:
            select.select([self._wakeup], [], [], seconds)

    def _connect(self) -> Any:
        """Open the connection that holds the lock and hears NOTIFY; the server gives it up soon when this host is gone."""
        url = sa.make_url(self.app.config["DATABASE_URL"]).set(drivername="postgresql")
        options = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3"
        line = psycopg2.connect(
            url.render_as_string(hide_password=False), connect_timeout=3, application_name="fairlead clock", options=options
        )
        line.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        return line

    def _wait_to_lead(self, line: Any) -> bool:
        said = False
        while not self.stopping:
            with line.cursor() as cursor:
                cursor.execute("select pg_try_advisory_lock(%s)", (LEADER,))
                if cursor.fetchone()[0]:
                    cursor.execute(f"listen {queries.CHANNEL}")
                    return True
            if not said:
                log.info("clock stands by: another leads")
                said = True
            self._sleep(STANDBY)
        return False

    def _lead(self, line: Any) -> None:
        desk = Desk(redis.Redis.from_url(self.app.config["REDIS_URL"], socket_timeout=2, socket_connect_timeout=1))
        for each in self.duties:
            each.due = 0.0
        while not self.stopping:
            self._round(desk)
            self._wait(line)

    def _round(self, desk: Desk) -> None:
        """Do what is due; a duty that fails is logged and tried again in its turn."""
        for each in self.duties:
            if self.stopping or time.monotonic() < each.due:
                continue
            try:
                with self.app.app_context():
                    more = each.act(desk)
            except (sa.exc.SQLAlchemyError, redis.RedisError) as problem:
                desk.server = ""
                log.warning("duty failed", duty=each.act.__name__, problem=str(problem).splitlines()[0])
                each.due = time.monotonic() + min(1.0, each.every)
            else:
                each.due = 0.0 if more else time.monotonic() + each.every

    def _wait(self, line: Any) -> None:
        """Sleep until something is due, somebody commits news, or a signal comes. Raises when the line is dead."""
        nearest = min(each.due for each in self.duties) - time.monotonic()
        if nearest > 0:
            ready, _, _ = select.select([line, self._wakeup], [], [], nearest)
            if not ready:
                return
        line.poll()
        if line.notifies:
            line.notifies.clear()
            for each in self.duties:
                if each.woken:
                    each.due = 0.0
