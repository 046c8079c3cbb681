"""What came of mailings, read from their roll-ups alone: no page counts messages, hits or orders. Periods: `days.py`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.core.db import session
from app.delivery.models import (
    ALL,
    Conversion,
    MailingDomain,
    MailingHour,
    MailingLink,
    MailingLinkTotal,
    MailingTally,
    Message,
    MessageKind,
    MessageState,
)
from app.delivery.queries.figures import NAMES, Figures

HOURS_SHOWN = 24
"""Hours after sending began that a campaign's page draws."""
NOT_GOT = (MessageState.FAILED, MessageState.IN_DOUBT, MessageState.BOUNCED, MessageState.SKIPPED)
"""States of people who did not get it, or may not have: in this order on pages."""


@dataclass(frozen=True, slots=True)
class Hours:
    """People by hour since the hour in which sending began: first opens and first clicks, and how many came after the last of these."""

    opens: tuple[int, ...]
    clicks: tuple[int, ...]
    opens_later: int
    clicks_later: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link: its words and address as written, people who clicked it (each once), machines' hits, and the revenue of its last clicks."""

    position: int
    label: str
    url: str
    people: int
    machines: int
    unsure: int
    revenue: int


@dataclass(frozen=True, slots=True)
class Missed:
    """Why so many did not get it; `reason` as tallied: a skip's word, or a reply's codes."""

    state: MessageState
    reason: str
    people: int


@dataclass(frozen=True, slots=True)
class Reach:
    """The people of a mailing: `all` frozen at launch, `waiting` not tried yet or to be tried again, `missed` with reasons, most first."""

    all: int
    waiting: int
    missed: tuple[Missed, ...]

    @property
    def not_got(self) -> int:
        """Return how many did not get it."""
        return sum(miss.people for miss in self.missed)


def _sums() -> list[sa.Label[int]]:
    return [sa.cast(sa.func.coalesce(sa.func.sum(getattr(MailingHour, name)), 0), sa.BigInteger).label(name) for name in NAMES]


def of_mailings(workspace_id: int, mailing_ids: Collection[int]) -> dict[int, Figures]:
    """Return the figures of mailings from their beginning until now; none for one of which nothing is known yet."""
    wanted = sa.select(MailingHour.mailing_id, *_sums()).group_by(MailingHour.mailing_id)
    mine = wanted.where(MailingHour.workspace_id == workspace_id, MailingHour.mailing_id.in_(mailing_ids))
    return {row[0]: Figures(*row[1:]) for row in session().execute(mine)}


def after_sending(workspace_id: int, mailing_id: int, hours: int = HOURS_SHOWN) -> Hours:
    """Return first opens and first clicks by clock hour, the first being the one in which sending began."""
    mine = (MailingHour.workspace_id == workspace_id, MailingHour.mailing_id == mailing_id)
    wanted = sa.select(MailingHour.hour, MailingHour.sent, MailingHour.opens, MailingHour.clicks).where(*mine)
    rows = session().execute(wanted.order_by(MailingHour.hour)).all()
    began = min((row.hour for row in rows if row.sent), default=None)
    opens, clicks, later = [0] * hours, [0] * hours, [0, 0]
    for row in rows:
        at = max(0, int((row.hour - began).total_seconds() // 3600)) if began else 0
        if at < hours:
            opens[at] += row.opens
            clicks[at] += row.clicks
        else:
            later[0] += row.opens
            later[1] += row.clicks
    return Hours(tuple(opens), tuple(clicks), later[0], later[1])


def links(workspace_id: int, mailing_id: int) -> list[Link]:
    """Return the links of a mailing, those that most people clicked first.

    People and machines are kept by the drain (`mailing_link_totals`); revenue is read from the mailing's conversions by their index.
    """
    sold = (
        sa.select(Conversion.link, sa.cast(sa.func.sum(Conversion.value), sa.BigInteger).label("revenue"))
        .where(Conversion.workspace_id == workspace_id, Conversion.mailing_id == mailing_id)
        .group_by(Conversion.link)
        .subquery()
    )
    known = sa.and_(MailingLinkTotal.mailing_id == MailingLink.mailing_id, MailingLinkTotal.link == MailingLink.position)
    counts = [MailingLinkTotal.people, MailingLinkTotal.hits_machine, MailingLinkTotal.hits_unsure, sold.c.revenue]
    wanted = sa.select(MailingLink.position, MailingLink.label, MailingLink.url, *(sa.func.coalesce(count, 0) for count in counts))
    wanted = wanted.outerjoin(MailingLinkTotal, known).outerjoin(sold, sold.c.link == MailingLink.position)
    mine = wanted.where(MailingLink.workspace_id == workspace_id, MailingLink.mailing_id == mailing_id, MailingLink.variant == 0)
    found = [Link(*row) for row in session().execute(mine)]
    return sorted(found, key=lambda link: (-link.people, -link.revenue, link.position))


def domains(mailing_id: int) -> Sequence[MailingDomain]:
    """Return where a mailing (whose workspace the caller has checked) went: the largest domains, then all others together."""
    wanted = sa.select(MailingDomain).where(MailingDomain.mailing_id == mailing_id)
    return session().scalars(wanted.order_by(MailingDomain.domain == "", MailingDomain.sent.desc(), MailingDomain.domain)).all()


def domains_raw(workspace_id: int, mailing_id: int) -> sa.Select[*tuple[Any, ...]]:
    """Select (domain, sent, delivered, clicked) of a mailing's messages. It reads them all: for the background only."""
    domain = sa.func.coalesce(sa.func.lower(sa.func.split_part(Message.address, "@", 2)), "").label("domain")
    counts = [sa.func.count(), sa.func.count().filter(Message.bounced_at.is_(None)), sa.func.count(Message.clicked_at)]
    named = [count.label(name) for count, name in zip(counts, ("sent", "delivered", "clicked"), strict=True)]
    mine = (
        Message.workspace_id == workspace_id,
        Message.mailing_id == mailing_id,
        Message.kind == MessageKind.BULK,
        Message.sent_at.is_not(None),
    )
    return sa.select(domain, *named).where(*mine).group_by(domain)


def reach(mailing_id: int) -> Reach:
    """Return who of a mailing (whose workspace the caller has checked) did not get it, and why."""
    rows = session().scalars(sa.select(MailingTally).where(MailingTally.mailing_id == mailing_id)).all()
    everybody = sum(row.n for row in rows if row.state == ALL)
    known = sum(row.n for row in rows if row.state != ALL)
    missed = [Missed(MessageState(row.state), row.reason, row.n) for row in rows if row.state in NOT_GOT and row.n > 0]
    missed.sort(key=lambda miss: (NOT_GOT.index(miss.state), -miss.people, miss.reason))
    return Reach(everybody, everybody - known, tuple(missed))
