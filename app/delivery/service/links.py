"""Clicks by link: kept while they come in, so that no page reads a million of them."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.core.db import session
from app.delivery.models import MailingLinkTotal, MessageClick
from app.delivery.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Click:
    """A hit of a link, and who made it."""

    mailing_id: int
    message_id: int
    link: int
    verdict: Verdict


def count_clicks(clicks: Collection[Click]) -> None:
    """Add clicks to the totals of their links, in the transaction that keeps them; a hit that came twice must not be given twice.

    A person counts once a link and message. Rows are met in one order, so that two of us never wait for each other in a circle.
    """
    moves: dict[tuple[int, int], dict[str, int]] = {}
    column = {Verdict.PERSON: "hits", Verdict.MACHINE: "hits_machine", Verdict.UNSURE: "hits_unsure"}
    for click in clicks:
        move = moves.setdefault((click.mailing_id, click.link), dict.fromkeys(("people", *column.values()), 0))
        move[column[click.verdict]] += 1
    by_people = {(click.message_id, click.link): click.mailing_id for click in clicks if click.verdict is Verdict.PERSON}
    for message_id, link in _first(sorted(by_people)):
        moves[by_people[message_id, link], link]["people"] += 1
    if not moves:
        return
    rows = [{"mailing_id": mailing_id, "link": link, **move} for (mailing_id, link), move in sorted(moves.items())]
    statement = insert(MailingLinkTotal).values(rows)
    sums = {name: MailingLinkTotal.__table__.c[name] + statement.excluded[name] for name in ("people", *column.values())}
    session().execute(statement.on_conflict_do_update(index_elements=["mailing_id", "link"], set_=sums))


def _first(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Note that these messages' links were clicked by people; return those that never were before."""
    if not pairs:
        return []
    lists = ([message_id for message_id, _ in pairs], [link for _, link in pairs])
    columns = [sa.func.unnest(sa.cast(lists[0], ARRAY(sa.BigInteger))), sa.func.unnest(sa.cast(lists[1], ARRAY(sa.SmallInteger)))]
    made = insert(MessageClick).from_select(["message_id", "link"], sa.select(*columns)).on_conflict_do_nothing()
    return [(row[0], row[1]) for row in session().execute(made.returning(MessageClick.message_id, MessageClick.link))]
