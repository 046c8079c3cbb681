"""How far a campaign is, from the tallies of its mailing; messages themselves are never counted, but for the few in flight."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from app.campaigns.models import Campaign
from app.core.db import session
from app.delivery.models import ALL, Mailing, MailingHour, MailingKind, MailingState, Message, MessageState
from app.delivery.service.mailings import tallies_of

MOST_DEFERRED = 10_000
"""Who waits for another try is counted up to here."""
Groups = Mapping[tuple[int, str], int]


@dataclass(frozen=True, slots=True)
class Figures:
    """People of a mailing: by state, and within a state by reason."""

    all: int = 0
    by_state: Mapping[int, int] = field(default_factory=dict)
    groups: Groups = field(default_factory=dict)
    in_flight: int = 0

    def __getitem__(self, state: MessageState) -> int:
        """Return how many stand in a state that is an end."""
        return self.by_state.get(int(state), 0)

    @property
    def sent(self) -> int:
        """To whom the server said yes."""
        return self[MessageState.SENT]

    @property
    def over(self) -> int:
        """Who neither waits nor is on the way."""
        return sum(self.by_state.values())

    @property
    def waiting(self) -> int:
        """Who waits for their turn."""
        return max(0, self.all - self.over - self.in_flight)

    @property
    def to_send(self) -> int:
        """Who was not left out from the start."""
        return self.all - self[MessageState.SKIPPED]

    @property
    def missed(self) -> int:
        """Who did not get it, or may not have got it."""
        return self.over - self.sent

    def reasons(self, state: MessageState) -> list[tuple[str, int]]:
        """Return why people stand in this state, most frequent first."""
        mine = [(reason, n) for (found, reason), n in self.groups.items() if found == state and n]
        return sorted(mine, key=lambda pair: (-pair[1], pair[0]))

    def skipped(self, *reasons: str) -> int:
        """Return how many were skipped for one of these reasons."""
        return sum(self.groups.get((int(MessageState.SKIPPED), reason), 0) for reason in reasons)


@dataclass(frozen=True, slots=True)
class Results:
    """What people did, and what they ordered for, in minor units."""

    sent: int = 0
    opened: int = 0
    clicked: int = 0
    revenue: int = 0


def of_mailings(mailing_ids: Collection[int]) -> dict[int, Figures]:
    """Return the figures of mailings whose workspace the caller has checked, without who is in flight."""
    return {ident: _figures(groups) for ident, groups in tallies_of(mailing_ids).items()}


def of_campaign(campaign: Campaign) -> Figures:
    """Return the figures of a campaign, with who is in flight."""
    if campaign.mailing_id is None:
        return Figures()
    flying = sa.select(sa.func.count()).where(
        Message.workspace_id == campaign.workspace_id, Message.mailing_id == campaign.mailing_id, Message.state == int(MessageState.SENDING)
    )
    return _figures(tallies_of([campaign.mailing_id])[campaign.mailing_id], session().scalar(flying) or 0)


def results(workspace_id: int, mailing_ids: Collection[int]) -> dict[int, Results]:
    """Return what came back, by mailing."""
    sums = [sa.func.sum(getattr(MailingHour, name)) for name in ("sent", "opened", "clicked", "revenue")]
    wanted = sa.select(MailingHour.mailing_id, *sums).where(
        MailingHour.workspace_id == workspace_id, MailingHour.mailing_id.in_(mailing_ids)
    )
    return {row[0]: Results(*map(int, row[1:])) for row in session().execute(wanted.group_by(MailingHour.mailing_id))}


def deferred(campaign: Campaign, at: datetime) -> tuple[int, datetime | None]:
    """Return how many wait for another try after a moment, up to MOST_DEFERRED, and when the first of these comes."""
    some = (
        sa.select(Message.due_at)
        .where(Message.workspace_id == campaign.workspace_id, Message.mailing_id == campaign.mailing_id)
        .where(Message.state == int(MessageState.PENDING), Message.due_at > at)
        .limit(MOST_DEFERRED)
        .subquery()
    )
    count, first = session().execute(sa.select(sa.func.count(), sa.func.min(some.c.due_at))).one()
    return count, first


def answers(campaign: Campaign, groups: Collection[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """Return what a server said word for word, one example for each (state, group of reasons); at most a handful is asked for."""
    parts = [
        sa.select(sa.literal(number).label("number"), Message.reason)
        .where(Message.workspace_id == campaign.workspace_id, Message.mailing_id == campaign.mailing_id)
        .where(Message.state == state, Message.reason.startswith(group, autoescape=True))
        .limit(1)
        for number, (state, group) in enumerate(groups)
    ]
    if not parts:
        return {}
    order = list(groups)
    found = sa.union_all(*(sa.select(part.subquery()) for part in parts))
    return {order[row[0]]: row[1] for row in session().execute(found)}


def sharing(campaign: Campaign) -> int:
    """Return how many other mailings leave by the same sender now."""
    wanted = sa.select(sa.func.count()).where(
        Mailing.workspace_id == campaign.workspace_id,
        Mailing.sender_id == campaign.sender_id,
        Mailing.state == MailingState.OPEN,
        Mailing.kind == MailingKind.CAMPAIGN,
        Mailing.id != campaign.mailing_id,
    )
    return session().scalar(wanted) or 0


def _figures(groups: Groups, in_flight: int = 0) -> Figures:
    by_state: dict[int, int] = {}
    for (state, _), n in groups.items():
        if state != ALL:
            by_state[state] = by_state.get(state, 0) + n
    return Figures(groups.get((ALL, ""), 0), by_state, groups, in_flight)
