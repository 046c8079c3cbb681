"""The threads beside the loop: one that writes, one that reads, one that makes messages, some that look up names."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from flask import Flask

from app.core.db import session
from app.core.outbound import resolve
from app.core.prepared import Alone

T = TypeVar("T")
LOOK_UP_SECONDS = 10.0


class Threads:
    """Each runs its work in a context of the application, and so with a session of its own."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.alone = Alone()
        """For the writing thread."""
        self._writer = ThreadPoolExecutor(1, "mailer-write")
        self._reader = ThreadPoolExecutor(1, "mailer-read")
        self._cook = ThreadPoolExecutor(1, "mailer-cook")
        self._resolver = ThreadPoolExecutor(4, "mailer-resolve")

    async def write(self, work: Callable[[], T]) -> T:
        """Run a transaction and commit it."""
        return await self._run(self._writer, partial(self._in_context, work, commits=True))

    async def read(self, work: Callable[[], T]) -> T:
        """Run what only reads."""
        return await self._run(self._reader, partial(self._in_context, work, commits=False))

    async def cook(self, work: Callable[[], T]) -> T:
        """Run what computes."""
        return await self._run(self._cook, partial(self._in_context, work, commits=False))

    async def look_up(self, host: str, port: int) -> str:
        """Return the address of a mail server, in threads where nobody else waits. Raises Refusal, TimeoutError."""
        async with asyncio.timeout(LOOK_UP_SECONDS):
            return await self._run(self._resolver, partial(self._in_context, partial(resolve, host, port), commits=False))

    def close(self) -> None:
        """Begin nothing more, and give the writer's connection back behind what it still does."""
        self._writer.submit(self.alone.close)
        self._writer.shutdown(wait=False)
        for pool in (self._reader, self._cook, self._resolver):
            pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(pool, work)

    def _in_context(self, work: Callable[[], T], *, commits: bool) -> T:
        with self._app.app_context():
            found = work()
            if commits:
                session().commit()
            return found
