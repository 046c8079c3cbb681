"""The next chunk of a file, read and made ready by a second thread while PostgreSQL takes the one before."""

import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.customers.imports.reading import Chunk, Cursor
from app.customers.imports.staging import Staged

Ready = tuple[Chunk, Staged]
"""A chunk as it was read, and made ready as far as it may be taken at once."""
Place = tuple[int, Cursor]
"""Of which import, from where on."""
_TURN = 0.0005
"""Seconds after which the thread lets the other go on. Of Python's 5 ms each short statement of a chunk lost most: a tenth of an import."""


class Ahead:
    """Holds one chunk at most: that which is asked for next, unless the one before it ends early or another import comes between."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(1, "import", sys.setswitchinterval, (_TURN,))
        self._coming: tuple[Place, Future[Ready]] | None = None

    def begin(self, place: Place, make: Callable[[], Ready]) -> None:
        """Let the thread make what `take` will ask for; it must not touch the database."""
        self._coming = place, self._threads.submit(make)

    def take(self, place: Place) -> Ready | None:
        """Return the chunk from there on, if it was made. Waits for the thread in any case: readers remember, and serve one at a time.

        What went wrong is not told: the chunk is read again, and it goes wrong where somebody sees it.
        """
        if self._coming is None:
            return None
        (known, future), self._coming = self._coming, None
        wrong = future.exception() is not None
        return None if wrong or known != place else future.result()
