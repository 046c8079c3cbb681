"""Where mailings went, by recipient domain: counted in the background and kept."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core.db import any_workspace, get, session
from app.core.time import now
from app.delivery.models import ALL, Mailing, MailingDomain, MailingHour, MailingTally
from app.delivery.queries.results import domains_raw

SHOWN = 5
"""Domains kept by name; the others are one row."""
SOONEST = timedelta(seconds=20)
"""How long figures of a small young mailing stay as they are; those of an old one for a twentieth of its age."""
A_SECOND = 2000
"""Messages by each of which figures stand a second longer: to count a million takes seconds."""


def compute(workspace_id: int, mailing_id: int) -> None:
    """Count a mailing's messages by domain and keep the largest. Raises NotFound."""
    mailing = get(Mailing, workspace_id, mailing_id)
    raw = domains_raw(workspace_id, mailing.id).cte("raw")
    ranked = sa.select(raw, sa.func.row_number().over(order_by=[raw.c.domain == "", raw.c.sent.desc(), raw.c.domain]).label("place")).cte(
        "ranked"
    )
    named = sa.and_(ranked.c.place <= SHOWN, ranked.c.domain != "")
    name = sa.case((named, ranked.c.domain), else_="").label("domain")
    sums = [sa.cast(sa.func.sum(ranked.c[column]), sa.BigInteger) for column in ("sent", "delivered", "clicked")]
    wanted = sa.select(sa.literal(mailing.id), name, sa.func.count(), *sums, sa.literal(now())).group_by(name)
    session().execute(sa.delete(MailingDomain).where(MailingDomain.mailing_id == mailing.id))
    columns = ["mailing_id", "domain", "domains", "sent", "delivered", "clicked", "computed_at"]
    session().execute(insert(MailingDomain).from_select(columns, wanted))


def stale() -> list[tuple[int, int]]:
    """Return (workspace, mailing) of those to which something happened since they were counted, unless that was a moment ago.

    Of each mailing the newest hour is looked up by the key; all hours of all mailings are never gone through.
    """
    at, hour = now(), MailingHour.hour
    mine = MailingHour.mailing_id == Mailing.id
    last = sa.select(hour).where(mine).order_by(hour.desc()).limit(1).scalar_subquery()
    sent = sa.exists().where(mine, MailingHour.sent > 0)
    counted = sa.select(sa.func.min(MailingDomain.computed_at).label("at")).where(MailingDomain.mailing_id == Mailing.id).lateral("counted")
    stood, age = (sa.extract("epoch", at - since) for since in (counted.c.at, sa.func.coalesce(Mailing.opened_at, Mailing.created_at)))
    size = sa.select(MailingTally.n).where(MailingTally.mailing_id == Mailing.id, MailingTally.state == ALL).scalar_subquery()
    old = stood > sa.func.greatest(SOONEST.total_seconds(), age / 20, size / A_SECOND)
    moved = last >= sa.func.date_trunc("hour", counted.c.at)
    wanted = sa.select(Mailing.workspace_id, Mailing.id).join(counted, sa.true())
    wanted = wanted.where(sa.or_(sa.and_(counted.c.at.is_(None), sent), sa.and_(old, moved)))
    return [(row[0], row[1]) for row in session().execute(any_workspace(wanted))]
