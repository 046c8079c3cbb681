"""Hits become activities, flags and figures: a batch by a few statements, of all workspaces at once."""

import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from app.core.db import cursor, session
from app.customers.models import Kind
from app.customers.service.computed import seen
from app.delivery.hits import Hit
from app.delivery.queries import hits as queries
from app.delivery.service.tallies import add_hours
from app.delivery.verdicts import BURST, Click, Verdict, Why, bursts, judge

OPENS = {Verdict.PERSON: Kind.OPENED, Verdict.MACHINE: Kind.OPENED_MACHINE, Verdict.UNSURE: Kind.OPENED_UNSURE}
CLICKS = {Verdict.PERSON: Kind.CLICKED, Verdict.MACHINE: Kind.CLICKED_MACHINE, Verdict.UNSURE: Kind.CLICKED_UNSURE}
_SECOND, _HOUR = 1_000_000, 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sighted(NamedTuple):
    """A hit with its message and what came of it."""

    hit: Hit
    message: Any
    kind: Kind
    why: Why


def record(hits: Iterable[Hit]) -> int:
    """Write hits as activities, move flags and figures, and return how many were new.

    Repeats, test messages, unknown messages and those of erased customers leave nothing. The caller commits, and only then forgets
    where the hits came from.
    """
    given = {hit.event_id: hit for hit in hits}
    session().execute(queries.ONE_AT_A_TIME)
    messages = _messages({hit.message_id for hit in given.values()})
    known = [hit for hit in given.values() if hit.message_id in messages]
    if not known:
        return 0
    new = _insert(_judged(known, messages))
    _note_seen(new)
    deltas: dict[tuple[int, int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in new:
        deltas[one.message.workspace_id, one.message.mailing_id, one.hit.at // _HOUR][f"hits_{one.kind.name.lower()}"] += 1
    _flag(new, deltas)
    _move_hours(deltas)
    return len(new)


def moment(at: int) -> datetime:
    """Return microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=at)


def _messages(ids: Collection[int]) -> dict[int, Any]:
    """Return messages that count, by id; their customers are here and stay until the transaction ends."""
    rows = session().execute(queries.MESSAGES, {"ids": list(ids)}).all()
    by_workspace: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        by_workspace[row.workspace_id].add(row.customer_id)
    here = {
        (workspace_id, customer_id)
        for workspace_id, customers in by_workspace.items()
        for customer_id in session().scalars(queries.HERE, {"workspace_id": workspace_id, "ids": list(customers)})
    }
    return {row.id: row for row in rows if (row.workspace_id, row.customer_id) in here}


def _judged(hits: Sequence[Hit], messages: dict[int, Any]) -> list[Sighted]:
    fast = _fast([hit for hit in hits if hit.position is not None], messages)
    judged = []
    for hit in hits:
        message, click = messages[hit.message_id], hit.position is not None
        seconds = None if message.taken is None else (hit.at - message.taken) / _SECOND
        verdict, why = judge(click=click, method=hit.method, agent=hit.agent, seconds=seconds, burst=hit.event_id in fast)
        judged.append(Sighted(hit, message, (CLICKS if click else OPENS)[verdict], why))
    return judged


def _fast(clicks: Sequence[Hit], messages: dict[int, Any]) -> set[str]:
    """Return the ids of clicks in bursts, seen beside those of the same messages shortly before or after that are written already."""
    found = [Click(hit.event_id, hit.message_id, hit.address, hit.position or 0, hit.at / _SECOND) for hit in clicks]
    by_workspace: dict[int, set[int]] = defaultdict(set)
    for hit in clicks:
        message = messages[hit.message_id]
        by_workspace[message.workspace_id].add(message.customer_id)
    if clicks:
        low, high = min(hit.at for hit in clicks), max(hit.at for hit in clicks)
        span = {"low": moment(low) - timedelta(seconds=BURST), "high": moment(high) + timedelta(seconds=BURST)}
        span["kinds"] = [int(kind) for kind in CLICKS.values()]  # type: ignore[assignment]
        for workspace_id, customers in by_workspace.items():
            rows = session().execute(queries.RECENT_CLICKS, span | {"workspace_id": workspace_id, "customers": list(customers)})
            found += [Click(key, int(message), address, int(link), at) for key, message, address, link, at in rows]
    return bursts({click.key: click for click in found}.values())


def _insert(judged: Sequence[Sighted]) -> Sequence[Sighted]:
    """Write activities; return those that were new."""
    agents = _agents({one.hit.agent for one in judged} - {""})
    lines = io.StringIO("".join(_line(one, agents) for one in judged))
    with cursor() as line:
        line.execute(queries.DRAINED)
        line.copy_expert(queries.COPY, lines)
    count, which = session().execute(queries.INSERT, {"given": len(judged)}).one()
    if count == len(judged):
        return judged
    new = set(which or ())
    return [one for one in judged if one.hit.event_id in new]


def _line(one: Sighted, agents: dict[str, int]) -> str:
    """Return a line for COPY. Nothing in it needs escaping: `decode` let only such methods and addresses through."""
    hit, message = one.hit, one.message
    link = "null" if hit.position is None else hit.position
    data = (
        f'{{"message":{hit.message_id},"link":{link},"agent":{agents.get(hit.agent, "null")},"address":"{hit.address}",'
        f'"why":"{one.why}","method":"{hit.method}"}}'
    )
    source = "\\N" if message.source_id is None else message.source_id
    return f"{message.workspace_id}\t{hit.at}\t{hit.event_id}\t{message.customer_id}\t{int(one.kind)}\t{source}\t{data}\n"


def _agents(texts: Collection[str]) -> dict[str, int]:
    """Return the ids of agents by their words, made where they are missing."""
    wanted = {"texts": sorted(texts)}
    known = {row[0]: row[1] for row in session().execute(queries.KNOWN_AGENTS, wanted)}
    if len(known) < len(texts):
        session().execute(queries.NEW_AGENTS, {"texts": sorted(set(texts) - known.keys())})
        known = {row[0]: row[1] for row in session().execute(queries.KNOWN_AGENTS, wanted)}
    return known


def _note_seen(new: Iterable[Sighted]) -> None:
    latest: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    for one in new:
        if one.kind in (Kind.OPENED, Kind.CLICKED):
            latest[one.message.workspace_id].append((one.message.customer_id, moment(one.hit.at)))
    for workspace_id, rows in latest.items():
        seen(workspace_id, rows)


def _flag(new: Iterable[Sighted], deltas: dict[tuple[int, int, int], dict[str, int]]) -> None:
    """Set when people opened and clicked first. The earliest counts, in whatever order hits come in; a click shows that it was opened."""
    first: dict[int, list[int | None]] = {}
    rows: dict[int, Any] = {}
    for one in new:
        if one.kind in (Kind.OPENED, Kind.CLICKED):
            rows[one.message.id] = one.message
            times = first.setdefault(one.message.id, [one.message.opened, one.message.clicked])
            times[0] = _earlier(times[0], one.hit.at)
            if one.kind is Kind.CLICKED:
                times[1] = _earlier(times[1], one.hit.at)
    moved = {ident: times for ident, times in first.items() if times != [rows[ident].opened, rows[ident].clicked]}
    if not moved:
        return
    ids = sorted(moved)
    session().execute(queries.HOLD_MESSAGES, {"ids": ids})
    values = {"ids": ids, "opened": [moved[ident][0] for ident in ids], "clicked": [moved[ident][1] for ident in ids]}
    session().execute(queries.SET_FLAGS, values)
    for ident, times in moved.items():
        row = rows[ident]
        for before, after, cohort, event in ((row.opened, times[0], "opened", "opens"), (row.clicked, times[1], "clicked", "clicks")):
            _shift(deltas, row, (before, after), (cohort, event))


def _earlier(before: int | None, at: int) -> int:
    return at if before is None else min(before, at)


def _shift(
    deltas: dict[tuple[int, int, int], dict[str, int]], row: Any, times: tuple[int | None, int | None], names: tuple[str, str]
) -> None:
    """Move the figures of a flag from its time before to its time after."""
    (before, after), (cohort, event) = times, names
    if before == after:
        return
    for at, sign in ((before, -1), (after, 1)):
        if at is not None:
            deltas[row.workspace_id, row.mailing_id, at // _HOUR][event] += sign
            if row.sent is not None:
                deltas[row.workspace_id, row.mailing_id, row.sent // _HOUR][cohort] += sign


def _move_hours(deltas: dict[tuple[int, int, int], dict[str, int]]) -> None:
    by_workspace: dict[int, dict[tuple[int, datetime], dict[str, int]]] = defaultdict(dict)
    for (workspace_id, mailing_id, hour), moves in deltas.items():
        by_workspace[workspace_id][mailing_id, moment(hour * _HOUR)] = moves
    for workspace_id, mine in sorted(by_workspace.items()):
        add_hours(workspace_id, mine)
