"""A second lane: a thread with a connection of its own takes the chunk after the one at hand, if that only brings new customers.

PostgreSQL takes rows with one processor per connection, and most of an import's time is its indexes. Two chunks at once leave the outcome
as if one came after the other: the second has no key in common with the first, and nobody whom it names is known, so neither can see or
touch what the other writes. It moves the cursor of the import only from where the first left it, in its own transaction: it commits
behind the first, or not at all, and then the chunk is taken again in the usual way.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import NamedTuple

import structlog

from app.core.db import apart, session
from app.core.db import cursor as raw_cursor
from app.customers.imports.reading import Cursor
from app.customers.queries import import_merge as merge

_TURN = 0.0005
"""Seconds after which one thread lets the other go on. Of Python's 5 ms each short statement of a chunk lost most."""
_LOOK = 0.01
"""Seconds between two looks whether the chunk before is committed."""
_PATIENCE = 60
"""Seconds after which a chunk that waits for the one before gives up."""
_LONG = 1.0
"""Seconds for which a chunk waits for the one before without asking who waits for itself."""
_REST = 4
"""Chunks that are taken by one lane after the second could not take one."""
log = structlog.get_logger()


class Lost(Exception):  # noqa: N818 (it is news, no error)
    """The chunk of the second lane is not to be taken there."""


class Read(NamedTuple):
    """What the chunk after one in the second lane must know of it: where it ends, by which keys it names people, who takes it."""

    end: Cursor
    keys: frozenset[str | None]
    backend: int


class Second:
    """A chunk in the second lane. `read` is None where it is not taken there; `taken` says whether it was committed."""

    def __init__(self, import_id: int, start: Cursor) -> None:
        self.import_id, self.start = import_id, start
        self.read: Future[Read | None] = Future()
        self.taken: Future[bool] = Future()
        self._dropped = Event()

    def drop(self) -> None:
        """Give it up, unless it is committed; wait until that is settled."""
        self._dropped.set()
        self.taken.result()

    def settled(self) -> bool:
        """Wait until it is, and tell whether it is committed. It is given up where somebody waits for us: it may be waiting for them.

        PostgreSQL does not see that circle, because our side of it waits here.
        """
        while True:
            try:
                return self.taken.result(_LONG)
            except TimeoutError:
                if _is_waited_for():
                    self._dropped.set()
                    return False

    def follow(self, move: Callable[[], bool | None]) -> None:
        """Call `move` until it could move the cursor. Raises Lost where it never will (None), nobody wants it, or somebody waits for us."""
        until = time.monotonic() + _PATIENCE
        last = False
        while not (moved := move()):
            if moved is None or last or self._dropped.wait(_LOOK) or time.monotonic() > until:
                raise Lost
            last = _is_waited_for()  # perhaps by one who came when the chunk before was committed: then it can follow at once


class Lane:
    """The second lane of this process, and the chunk in it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, "import", sys.setswitchinterval, (_TURN,))
        self._second: Second | None = None
        self._rest = (0, 0)

    def begin(self, second: Second, work: Callable[[Second], None]) -> None:
        """Let `work` take a chunk in the second lane, unless one is there or it lately could not."""
        if self._second is not None:
            return
        import_id, rest = self._rest
        if import_id == second.import_id and rest:
            self._rest = import_id, rest - 1
            return
        self._threads.submit(apart(_run), second, work)
        self._second = second

    def take(self, import_id: int, at: Cursor) -> tuple[Second, Read] | None:
        """Return the chunk of this import that is, or was, in the second lane and begins or ends at `at`, and what is to be known of it.

        None where there is none; then whatever was there has ended.
        """
        second, self._second = self._second, None
        if second is None:
            return None
        read = second.read.result()
        if read is None:
            self.failed(second)
        if read is None or second.import_id != import_id or at not in (second.start, read.end):
            second.drop()
            return None
        return second, read

    def failed(self, second: Second) -> None:
        """Note that the second lane could not take its chunk."""
        self._rest = second.import_id, _REST


def _run(second: Second, work: Callable[[Second], None]) -> None:
    done = False
    try:
        work(second)
        session().commit()
        done = True
    except Lost:
        session().rollback()
    except Exception as problem:  # noqa: BLE001 (whatever it is, the chunk is taken again, and goes wrong where somebody sees it)
        log.info("second lane left", why=type(problem).__name__)
        session().rollback()
    finally:
        if not second.read.done():
            second.read.set_result(None)
        second.taken.set_result(done)


def _is_waited_for() -> bool:
    """Tell whether another transaction waits for this one to end."""
    with raw_cursor() as cursor:
        return merge.is_waited_for(cursor)
