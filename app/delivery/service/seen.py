"""When people were last seen by what they opened and clicked: noted seconds behind the drain, so that a reading of several hits is one change."""

from collections import defaultdict
from datetime import datetime

from app.customers.service.computed import seen
from app.delivery.queries import hits as queries
from app.delivery.service.cursors import read_news

NAME = "seen"
_MOST = 20_000


def follow() -> bool:
    """Note when those who opened or clicked were last seen; one step, True while there is more."""
    rows, more = read_news(NAME, queries.sightings, _MOST)
    latest: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    for workspace_id, customer_id, moment, _ in rows:
        latest[workspace_id].append((customer_id, moment))
    for workspace_id, sightings in sorted(latest.items()):
        seen(workspace_id, sightings)
    return more
