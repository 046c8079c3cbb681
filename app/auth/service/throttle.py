"""Slowing down guesses. Attempts are counted before the password is looked at, so that parallel guesses count too.

Counted per account and address, per address, and per account. After some free attempts each one doubles the wait, up to
a limit; nothing is ever locked for good. Redis counts; while it is down, an unlogged table does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from app.auth.models import SignInThrottle
from app.core import redis
from app.core.address import network
from app.core.db import db
from app.core.errors import TooMany
from app.core.security import digest
from app.core.time import now

MEMORY = timedelta(hours=1)
"""How long after the last attempt a count is kept."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing attempts are counted for: `free` of them cost nothing, then 1 s, 2 s, 4 s … up to `limit` seconds."""

    key: str
    free: int
    limit: int


def wait_after(attempts: int, free: int, limit: int) -> int:
    """Return how many seconds to wait after so many attempts in a row."""
    return 0 if attempts < free else min(2 ** min(attempts - free, 30), limit)


def counters(name: str, address: str | None, *, known: bool) -> list[Counter]:
    """Return what an attempt on this account from this address counts for.

    From an address where the account is signed in already (`known`), guesses made elsewhere cost its owner nothing.
    """
    account, place = digest(name.strip().lower())[:32], network(address)
    found = [Counter(f"fl:login:pair:{account}:{place}", 5, 900), Counter(f"fl:login:place:{place}", 20, 900)]
    return found if known else [*found, Counter(f"fl:login:account:{account}", 25, 300)]


def begin(found: Sequence[Counter]) -> None:
    """Count an attempt. Raises TooMany, without counting, while a wait runs."""
    moment = now()
    try:
        wait = _begin_in_redis(found, moment)
    except redis.Error:
        structlog.get_logger().warning("sign-in attempts are counted in PostgreSQL: Redis does not answer")
        wait = _begin_in_table(found, moment)
    if wait > 0:
        reason = f"Too many attempts. Try again in {_words(ceil(wait))}."
        raise TooMany(reason, ceil(wait))


def passed(found: Sequence[Counter]) -> None:
    """Forget the attempts on the account; of its address only this one, so that an own account frees no guesses at others."""
    accounts = [c.key for c in found if ":place:" not in c.key]
    places = [c for c in found if ":place:" in c.key]
    try:
        client = redis.client()
        client.delete(*accounts)
        for place in places:
            _take_back(keys=[place.key], args=[place.free])
    except redis.Error:
        with db.engine.begin() as connection:
            connection.execute(sa.delete(SignInThrottle).where(SignInThrottle.key.in_(accounts)))
            mine = sa.update(SignInThrottle).where(SignInThrottle.key.in_([c.key for c in places]))
            connection.execute(mine.values(attempts=sa.func.greatest(SignInThrottle.attempts - 1, 0), wait_until=now()))


_BEGIN = """
local now = tonumber(ARGV[1])
for _, key in ipairs(KEYS) do
  local wait = tonumber(redis.call('HGET', key, 'until') or '0') - now
  if wait > 0 then return wait end
end
for i, key in ipairs(KEYS) do
  local free, limit = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
  local attempts = redis.call('HINCRBY', key, 'attempts', 1)
  if attempts >= free then
    redis.call('HSET', key, 'until', now + 1000 * math.min(2 ^ math.min(attempts - free, 30), limit))
  end
  redis.call('PEXPIRE', key, ARGV[2])
end
return 0
"""
_TAKE_BACK = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local attempts = redis.call('HINCRBY', KEYS[1], 'attempts', -1)
if attempts < tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], 'until') end
return attempts
"""


def _begin_in_redis(found: Sequence[Counter], moment: datetime) -> float:
    arguments = [_milliseconds(moment), int(MEMORY.total_seconds() * 1000)]
    for counter in found:
        arguments += [counter.free, counter.limit]
    script = redis.client().register_script(_BEGIN)
    milliseconds: int = script(keys=[c.key for c in found], args=arguments)
    return milliseconds / 1000


def _take_back(keys: list[str], args: list[int]) -> None:
    redis.client().register_script(_TAKE_BACK)(keys=keys, args=args)


def _begin_in_table(found: Sequence[Counter], moment: datetime) -> float:
    """Do the same in PostgreSQL, in a transaction of its own; rows are locked in the order of their keys."""
    keys = sorted(found, key=lambda c: c.key)
    with db.engine.begin() as connection:
        connection.execute(sa.delete(SignInThrottle).where(SignInThrottle.forget_at < moment))
        fresh = [{"key": c.key, "attempts": 0, "wait_until": moment, "forget_at": moment + MEMORY} for c in keys]
        connection.execute(insert(SignInThrottle).on_conflict_do_nothing(), fresh)
        held = sa.select(SignInThrottle.key, SignInThrottle.attempts, SignInThrottle.wait_until).order_by(SignInThrottle.key)
        rows = {r.key: r for r in connection.execute(held.where(SignInThrottle.key.in_([c.key for c in keys])).with_for_update())}
        wait: float = max((row.wait_until - moment).total_seconds() for row in rows.values())
        if wait > 0:
            return wait
        for counter in keys:
            attempts = rows[counter.key].attempts + 1
            until = moment + timedelta(seconds=wait_after(attempts, counter.free, counter.limit))
            change = sa.update(SignInThrottle).where(SignInThrottle.key == counter.key)
            connection.execute(change.values(attempts=attempts, wait_until=until, forget_at=moment + MEMORY))
    return 0


def _milliseconds(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def _words(seconds: int) -> str:
    if seconds < 90:  # noqa: PLR2004 (people count seconds up to a minute and a half)
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{ceil(seconds / 60)} minutes"
