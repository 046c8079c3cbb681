"""Hits become activities, flags and figures: a batch by a few statements, of all workspaces at once."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import psycopg2.errors

from app.core.db import cursor, session
from app.customers.models import Kind
from app.delivery.hits import Hit
from app.delivery.queries import hits as queries
from app.delivery.service import links
from app.delivery.service.caps import find_room, note_dropped
from app.delivery.service.tallies import add_hours
from app.delivery.verdicts import BURST, FINDINGS, Click, Finding, Verdict, bursts, judge

_LINES = 30
"""Fewer bytes than COPY asks for at a time."""
_SECOND, _HOUR = 1_000_000, 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPENS = {Verdict.PERSON: Kind.OPENED, Verdict.MACHINE: Kind.OPENED_MACHINE, Verdict.UNSURE: Kind.OPENED_UNSURE}
_CLICKS = {Verdict.PERSON: Kind.CLICKED, Verdict.MACHINE: Kind.CLICKED_MACHINE, Verdict.UNSURE: Kind.CLICKED_UNSURE}
_Deltas = Counter[tuple[int, int, int, str]]
"""By (workspace, mailing, hour, figure)."""


class Mail(NamedTuple):
    """A message that counts. Times are in microseconds since 1970; `taken`: when the server said yes, or was being asked."""

    id: int
    workspace_id: int
    customer_id: int
    mailing_id: int
    source_id: int | None
    taken: int | None
    sent: int | None
    opened: int | None
    clicked: int | None


class Act(NamedTuple):
    """What a finding makes of a hit, with the words that are written for it."""

    person: bool
    click: bool
    kind: int
    figure: str
    why: str


def _act(kind: Kind, finding: Finding, *, click: bool) -> Act:
    return Act(finding.verdict is Verdict.PERSON, click, int(kind), f"hits_{kind.name.lower()}", str(finding.why))


_OPENED = {finding: _act(_OPENS[finding.verdict], finding, click=False) for finding in FINDINGS}
_CLICKED = {finding: _act(_CLICKS[finding.verdict], finding, click=True) for finding in FINDINGS}


class Sighted(NamedTuple):
    """A hit with its message and what came of it."""

    hit: Hit
    mail: Mail
    act: Act


def record(hits: Iterable[Hit]) -> int:
    """Write hits as activities, move flags and figures, and return how many were new.

    Repeats, test messages, unknown messages and those of erased customers leave nothing; what is beyond the cap (`caps.MOST`) leaves
    no activity, only flags. The caller commits, and only then forgets where the hits came from.
    """
    given = {hit.event_id: hit for hit in hits}
    session().execute(queries.ONE_AT_A_TIME)
    mails = _mails({hit.message_id for hit in given.values()})
    here = _here(mails.values())
    known = [hit for hit in given.values() if hit.message_id in mails and mails[hit.message_id].customer_id in here]
    if not known:
        return 0
    new, over = _insert(known, mails)
    deltas: _Deltas = Counter((mail.workspace_id, mail.mailing_id, hit.at // _HOUR, act.figure) for hit, mail, act in new)
    _flag([*new, *over], deltas)
    _move_hours(deltas)
    _count_links(new)
    return len(new)


def moment(at: int) -> datetime:
    """Return microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=at)


def _array(values: Iterable[int | None]) -> str:
    """Return numbers as PostgreSQL writes an array: the driver takes ten times as long for a list."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def _mails(ids: Collection[int]) -> dict[int, Mail]:
    with cursor() as line:
        line.execute(queries.MESSAGES, (_array(ids),))
        return {row[0]: Mail._make(row) for row in line}


def _here(mails: Iterable[Mail]) -> set[int]:
    """Return those customers of these messages who are still here; they stay until we commit, so nothing comes in behind an erasure."""
    by_workspace: dict[int, set[int]] = defaultdict(set)
    for mail in mails:
        by_workspace[mail.workspace_id].add(mail.customer_id)
    found: set[int] = set()
    with cursor() as line:
        for workspace_id, customers in sorted(by_workspace.items()):
            line.execute(queries.HERE, (workspace_id, _array(customers)))
            found.update(row[0] for row in line)
    return found


def _fast(clicks: Sequence[Hit], mails: dict[int, Mail]) -> set[str]:
    """Return the ids of clicks in bursts, seen beside those of the same messages shortly before or after that are written already."""
    if not clicks:
        return set()
    found = {hit.event_id: Click(hit.event_id, hit.message_id, hit.address, hit.position or 0, hit.at / _SECOND) for hit in clicks}
    by_workspace: dict[int, set[int]] = defaultdict(set)
    for hit in clicks:
        by_workspace[mails[hit.message_id].workspace_id].add(mails[hit.message_id].customer_id)
    low, high = (moment(pick(hit.at for hit in clicks)) for pick in (min, max))
    span = {
        "low": low - timedelta(seconds=BURST),
        "high": high + timedelta(seconds=BURST),
        "kinds": [int(kind) for kind in _CLICKS.values()],
    }
    for workspace_id, customers in by_workspace.items():
        rows = session().execute(queries.RECENT_CLICKS, span | {"workspace_id": workspace_id, "customers": list(customers)})
        found |= {key: Click(key, int(message), address, int(link), at) for key, message, address, link, at in rows}
    return bursts(found.values())


def _insert(hits: Sequence[Hit], mails: dict[int, Mail]) -> tuple[Sequence[Sighted], Sequence[Sighted]]:
    """Judge hits and write them as activities; return those that were new, and those beyond the cap."""
    agents, judged = _agents({hit.agent for hit in hits} - {""}), _Judged(hits, mails)
    try:
        with session().begin_nested(), cursor() as line:
            line.copy_expert(queries.COPY, _Lines(judged, agents))
    except psycopg2.errors.UniqueViolation:
        every = [*judged.seen, *judged]
        with cursor() as line:
            line.execute(queries.STAGE)
            line.copy_expert(queries.COPY_STAGE, _Lines(iter(every), agents))
            line.execute(queries.INSERT)
            new = {row[0] for row in line}
        written = [one for one in every if one.hit.event_id in new]
    else:
        written = judged.seen
    note_dropped([one.mail.id for one in judged.over])
    return written, judged.over


class _Judged:
    """Hits with what came of them, judged when they are asked for; `seen` keeps those that were, `over` what the cap leaves out."""

    def __init__(self, hits: Sequence[Hit], mails: dict[int, Mail]) -> None:
        self._fast = _fast([hit for hit in hits if hit.position is not None], mails)
        self._room = find_room(hits, [(mail.workspace_id, mail.customer_id) for mail in (mails[hit.message_id] for hit in hits)])
        self._hits, self._mails = iter(hits), mails
        self.seen: list[Sighted] = []
        self.over: list[Sighted] = []

    def __iter__(self) -> Iterator[Sighted]:
        for hit in self._hits:
            mail, click = self._mails[hit.message_id], hit.position is not None
            seconds = None if mail.taken is None else (hit.at - mail.taken) / _SECOND
            finding = judge(click=click, method=hit.method, agent=hit.agent, seconds=seconds, burst=hit.event_id in self._fast)
            one = Sighted(hit, mail, _CLICKED[finding] if click else _OPENED[finding])
            if self._room and not self._room.takes(hit, one.act.kind):
                self.over.append(one)
                continue
            self.seen.append(one)
            yield one


class _Lines:
    """A file for COPY whose lines are written when it is read: while PostgreSQL takes some in, the next are made."""

    def __init__(self, judged: Iterable[Sighted], agents: dict[str, int]) -> None:
        self._judged, self._agents = iter(judged), agents

    def read(self, _size: int) -> str:
        """Return the next lines."""
        return "".join([_line(one, self._agents) for one in islice(self._judged, _LINES)])


def _line(one: Sighted, agents: dict[str, int]) -> str:
    """Return a line for COPY. Nothing in it needs escaping: `decode` let only such methods and addresses through."""
    hit, mail, act = one
    source = "\\N" if mail.source_id is None else mail.source_id
    link = "null" if hit.position is None else hit.position
    hour, rest = divmod(hit.at, _HOUR)
    return (
        f"{mail.workspace_id}\t{_hour(hour)}{rest // 60_000_000:02}:{rest % 60_000_000 / _SECOND:09.6f}+00\t{hit.event_id}"
        f"\t{mail.customer_id}\t{act.kind}\t{source}"
        f'\t{{"message":{hit.message_id},"link":{link},"agent":{agents.get(hit.agent, "null")},"address":"{hit.address}",'
        f'"why":"{act.why}","method":"{hit.method}"}}\n'
    )


@lru_cache(maxsize=1_000)
def _hour(hour: int) -> str:
    """Return an hour since 1970 as a time is written up to there; to write each time as a whole takes longer than all else of its line."""
    return f"{moment(hour * _HOUR):%Y-%m-%d %H:}"


def _agents(texts: Collection[str]) -> dict[str, int]:
    """Return the ids of agents by their words, made where they are missing."""
    wanted = {"texts": sorted(texts)}
    known = {row[0]: row[1] for row in session().execute(queries.KNOWN_AGENTS, wanted)}
    if len(known) < len(texts):
        session().execute(queries.NEW_AGENTS, {"texts": sorted(set(texts) - known.keys())})
        known = {row[0]: row[1] for row in session().execute(queries.KNOWN_AGENTS, wanted)}
    return known


def _flag(new: Iterable[Sighted], deltas: _Deltas) -> None:
    """Set when people opened and clicked first. The earliest counts, in whatever order hits come in; a click shows that it was opened."""
    mails: dict[int, Mail] = {}
    opened: dict[int, int] = {}
    clicked: dict[int, int | None] = {}
    for hit, mail, act in new:
        if not act.person:
            continue
        ident, at = mail.id, hit.at
        if ident not in mails:
            mails[ident], opened[ident], clicked[ident] = mail, at if mail.opened is None else mail.opened, mail.clicked
        opened[ident] = min(opened[ident], at)
        if act.click:
            before = clicked[ident]
            clicked[ident] = at if before is None else min(before, at)
    ids = sorted(ident for ident, mail in mails.items() if (opened[ident], clicked[ident]) != (mail.opened, mail.clicked))
    if not ids:
        return
    held = {"ids": _array(ids)}
    sent = {row[0]: row[1] for row in session().execute(queries.HOLD_MESSAGES, held)}
    session().execute(queries.SET_FLAGS, held | {"opened": _array(map(opened.get, ids)), "clicked": _array(map(clicked.get, ids))})
    for ident in ids:
        mail = mails[ident]._replace(sent=sent.get(ident))
        _shift(deltas, mail, (mail.opened, opened[ident]), ("opened", "opens"))
        _shift(deltas, mail, (mail.clicked, clicked[ident]), ("clicked", "clicks"))


def _count_links(new: Iterable[Sighted]) -> None:
    """Add new clicks to the totals of their links."""
    verdicts = {int(kind): verdict for verdict, kind in _CLICKS.items()}
    clicks = [links.Click(mail.mailing_id, mail.id, hit.position, verdicts[act.kind]) for hit, mail, act in new if hit.position is not None]
    links.count_clicks(clicks)


def _shift(deltas: _Deltas, mail: Mail, times: tuple[int | None, int | None], names: tuple[str, str]) -> None:
    """Move the figures of a flag from its time before to its time after."""
    (before, after), (cohort, event) = times, names
    if before == after:
        return
    for at, sign in ((before, -1), (after, 1)):
        if at is not None:
            deltas[mail.workspace_id, mail.mailing_id, at // _HOUR, event] += sign
            if mail.sent is not None:
                deltas[mail.workspace_id, mail.mailing_id, mail.sent // _HOUR, cohort] += sign


def _move_hours(deltas: _Deltas) -> None:
    by_workspace: dict[int, dict[tuple[int, datetime], dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for (workspace_id, mailing_id, hour, name), n in deltas.items():
        by_workspace[workspace_id][mailing_id, moment(hour * _HOUR)][name] = n
    for workspace_id, mine in sorted(by_workspace.items()):
        add_hours(workspace_id, mine)
