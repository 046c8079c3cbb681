"""How fast a campaign goes: how many had been sent when, noted every ten seconds and forgotten soon."""

import itertools
from datetime import datetime

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, figures
from app.core import redis
from app.core.time import now

KEPT = 90
"""Notes: a quarter of an hour."""
_HOUR = 3600
RECENT = 35
"""Seconds that the rate looks back."""
Note = tuple[float, int]
"""(seconds since 1970, people sent to)."""


def note() -> None:
    """Note how far the campaigns of all workspaces are that send now. Without Redis nothing is noted, and no rate shown."""
    rows = {row.mailing_id: row for row in campaigns.sending() if row.mailing_id is not None}
    if not rows:
        return
    at = now().timestamp()
    try:
        line = redis.client().pipeline()
        for mailing_id, found in figures.of_mailings(rows.keys()).items():
            line.rpush(_key(mailing_id), f"{at}:{found.sent}")
            line.ltrim(_key(mailing_id), -KEPT, -1)
            line.expire(_key(mailing_id), _HOUR)
        line.execute()
    except redis.Error:
        return


def notes(campaign: Campaign) -> list[Note]:
    """Return what was noted, oldest first; nothing while Redis is away."""
    if campaign.mailing_id is None:
        return []
    try:
        kept = redis.client().lrange(_key(campaign.mailing_id), 0, -1)
    except redis.Error:
        return []
    parts = (str(entry, "ascii").split(":") for entry in kept if isinstance(entry, bytes))
    return [(float(at), int(sent)) for at, sent in parts]


def rate(noted: list[Note], at: datetime, sent: int) -> float | None:
    """Return people a second over the last half minute; None: it is not known yet."""
    moment = at.timestamp()
    recent = [(then, was) for then, was in noted if 1 <= moment - then <= RECENT and was <= sent]
    if not recent:
        return None
    then, was = recent[0]
    return (sent - was) / (moment - then)


def series(noted: list[Note]) -> list[tuple[float, float]]:
    """Return (seconds since 1970, people a second) between one note and the next."""
    pairs = itertools.pairwise(noted)
    return [(later, max(0.0, (now_sent - was) / (later - then))) for (then, was), (later, now_sent) in pairs if later > then]


def _key(mailing_id: int) -> str:
    return f"fl:campaigns:sent:{mailing_id}"
