"""How many hits of a kind one link (or pixel) of one message leaves in an hour: a link that is followed for ever fills no table.

What counts is what stands in the activities, so whoever drains the same hits again comes to the same end.
"""

from collections import Counter
from collections.abc import Sequence

import structlog
from prometheus_client import Counter as Total

from app.core.db import cursor
from app.delivery.hits import Hit
from app.delivery.queries import hits as queries

MOST = 60
"""More than a person makes of one link, or those to whom a mail was forwarded; people count once anyway."""
DROPPED = Total("fairlead_hits_dropped", "Opens and clicks beyond what one link of one message leaves in an hour.")
_HOUR = 3_600_000_000
_Key = tuple[int, int, int | None, int]
"""(message, kind of activity, link, hour since 1970)."""
log = structlog.get_logger()


class Room:
    """What still fits in. Asked once for each hit of a batch, in the batch's order."""

    def __init__(self, kept: Counter[_Key], there: set[str]) -> None:
        self._kept, self._there = kept, there

    def takes(self, hit: Hit, kind: int) -> bool:
        """Tell whether a hit is to be written, and count it. One that is there already is: its key drops it."""
        if hit.event_id in self._there:
            return True
        key = (hit.message_id, kind, hit.position, hit.at // _HOUR)
        self._kept[key] += 1
        return self._kept[key] <= MOST


def find_room(hits: Sequence[Hit], owners: Sequence[tuple[int, int]]) -> Room | None:
    """Return the room for these hits of messages of these (workspace, customer); None where all fit in, which is nearly always."""
    coming = Counter((*owner, hit.at // _HOUR) for hit, owner in zip(hits, owners, strict=True))
    columns = [list(column) for column in zip(*((*key, n) for key, n in coming.items()), strict=True)]
    span = {"low": min(columns[2]), "high": max(columns[2]) + 1, "most": MOST, "kinds": queries.HIT_KINDS}
    names = ("workspaces", "customers", "hours", "coming")
    with cursor() as line:
        line.execute(queries.CROWDED, span | {name: _array(column) for name, column in zip(names, columns, strict=True)})
        crowded = line.fetchall()
        if not crowded:
            return None
        held = {name: _array(column) for name, column in zip(names, zip(*crowded, strict=True), strict=False)}
        line.execute(queries.CROWD, span | held | {"ids": [hit.event_id for hit in hits]})
        kept, there = Counter[_Key](), set[str]()
        for message_id, kind, link, hour, n, ids in line:
            kept[int(message_id), kind, None if link is None else int(link), hour] = n
            there.update(ids or ())
    return Room(kept, there)


def note_dropped(messages: Sequence[int]) -> None:
    """Count hits that found no room, given by message; hits that are drained again after a crash are counted again."""
    if messages:
        DROPPED.inc(len(messages))
        log.warning("hits beyond the cap of a link and hour are dropped", count=len(messages), messages=sorted(set(messages))[:10])


def _array(values: Sequence[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"
