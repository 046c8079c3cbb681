"""What a worker has in hand, where its parent can read it after its death: shared memory, no I/O."""

import json
import mmap
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SIZE = 64 * 1024
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Entry:
    """Rows of a kind; `current` is what was under way, None between two."""

    kind: str
    ids: list[int]
    current: Any = None


class Slate:
    """One entry or none. Made before the fork; the child writes, the parent or the next child reads."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE)

    def write(self, kind: str, ids: Sequence[int], current: Any = None) -> None:
        """Replace the entry. Torn by death it reads as none, and the clock finds the rows later."""
        body = json.dumps([kind, list(ids), current]).encode()
        self.wipe()
        self._memory[_LENGTH.size : _LENGTH.size + len(body)] = body
        self._memory[: _LENGTH.size] = _LENGTH.pack(len(body))

    def wipe(self) -> None:
        """Note that nothing is in hand."""
        self._memory[: _LENGTH.size] = _LENGTH.pack(0)

    def read(self) -> Entry | None:
        """Return the entry, if there is one."""
        (length,) = _LENGTH.unpack(self._memory[: _LENGTH.size])
        if not length:
            return None
        return Entry(*json.loads(self._memory[_LENGTH.size : _LENGTH.size + length]))
