"""How a campaign stands, put into words for its page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.campaigns.models import Campaign, State
from app.campaigns.queries import campaigns, figures
from app.campaigns.queries.figures import Figures
from app.campaigns.schemas import MessageQuery
from app.campaigns.service import pace
from app.core.time import now
from app.core.web import dates
from app.core.web.format import of_request
from app.delivery.models import Message, MessageState, Skip
from app.delivery.queries import senders
from app.delivery.service.mailings import group_of

MOST_ANSWERS = 8
WORDS = {
    int(MessageState.PENDING): "pending",
    int(MessageState.SENDING): "claimed",
    int(MessageState.SENT): "sent",
    int(MessageState.FAILED): "failed",
    int(MessageState.SKIPPED): "skipped",
    int(MessageState.IN_DOUBT): "doubt",
    int(MessageState.BOUNCED): "bounced",
}
"""The states of messages by the words of all pages."""
WHY = {
    Skip.NO_ADDRESS: ("no address", "They have no e-mail address."),
    Skip.NO_CONSENT: ("no consent", "They never agreed to this mail."),
    Skip.UNSUBSCRIBED: ("unsubscribed", "They asked for no more."),
    Skip.SUPPRESSED: ("suppressed", "Bounced, complained, or barred by hand earlier."),
    Skip.ERASED: ("erased", "Their data was erased on request."),
    Skip.CANCELLED: ("still waiting when it was cancelled", "Nothing was tried."),
    Skip.ENDED: ("still waiting when it was ended", "Nothing was tried."),
}


@dataclass(frozen=True, slots=True)
class Line:
    """People in one state: how many, what it means, and where they are listed."""

    state: str
    key: str
    n: int
    meaning: str


@dataclass(frozen=True, slots=True)
class Missed:
    """People who did not get it: why, and what can be done."""

    state: str
    why: str
    n: int
    what: str
    href: str
    retry: str = ""
    """The state to send to again, if that can be done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What servers said: the reply, the state it led to, and to how many."""

    says: str
    state: str
    n: int
    href: str


def standing(row: Campaign, *, sees: bool) -> dict[str, Any]:
    """Return all that the progress and the results of a campaign show; `sees`: the reader may see customers."""
    found = figures.of_campaign(row)
    noted = pace.notes(row) if row.state == State.SENDING else []
    at = now()
    speed = pace.rate(noted, at, found.sent) if row.state == State.SENDING else None
    later, next_try = figures.deferred(row, at) if row.state in campaigns.ACTIVE and row.mailing_id is not None else (0, None)
    soon = found.waiting + found.in_flight - later
    left = soon / speed if speed else None
    resting = senders.held_until(row.workspace_id) if row.state == State.SENDING else {}
    return {
        "figures": found,
        "lines": lines(found),
        "missed": missed(row, found),
        "answers": answers(row, found, sees=sees),
        "rate": speed,
        "left": left,
        "done_at": at + timedelta(seconds=left) if left is not None and left < timedelta(days=9).total_seconds() else None,
        "chart": _chart(noted),
        "rests": resting.get(row.sender_id or 0),
        "deferred": later,
        "next_try": next_try if soon <= 0 else None,
        "sharing": figures.sharing(row) if row.state == State.SENDING else 0,
    }


def lines(found: Figures) -> list[Line]:
    """Return everybody by state, in the order in which messages go through them."""
    bounced, failed = (found.reasons(state) for state in (MessageState.BOUNCED, MessageState.FAILED))
    skipped = ", ".join(f"{of_request().count(n)} {_skip(reason)[0]}" for reason, n in found.reasons(MessageState.SKIPPED))
    return [
        Line("sent", "sent", found.sent, "The receiving server said yes"),
        Line("claimed", "sending", found.in_flight, "Being handed over now"),
        Line("pending", "pending", found.waiting, "Waiting for their turn"),
        Line("bounced", "bounced", found[MessageState.BOUNCED], "Refused for good because of the address" + _codes(bounced)),
        Line("failed", "failed", found[MessageState.FAILED], "Refused for another reason, or six tries are used up" + _codes(failed)),
        Line("doubt", "in_doubt", found[MessageState.IN_DOUBT], "The connection ended before the reply. Not repeated unless you say so"),
        Line("skipped", "skipped", found[MessageState.SKIPPED], skipped or "Nothing was tried"),
    ]


def missed(row: Campaign, found: Figures) -> list[Missed]:
    """Return who did not get it, why, and what can be done about it."""
    at = f"/campaigns/{row.id}/recipients"
    rest = found.skipped(Skip.ENDED, Skip.CANCELLED)
    still = found.waiting + found.in_flight if row.state not in campaigns.ACTIVE else 0
    known = [
        Missed("pending", "Still waiting when it was stopped", still, "Being put away. Look again in a few seconds", f"{at}?state=pending"),
        Missed("skipped", "Still waiting when it was stopped", rest, "Nothing was tried yet", f"{at}?state=skipped", "skipped"),
        Missed(
            "failed", "Servers refused it, or were busy six times", found[MessageState.FAILED], "Try again", f"{at}?state=failed", "failed"
        ),
        Missed(
            "doubt",
            "The connection ended before the reply",
            found[MessageState.IN_DOUBT],
            "They may have it. Sending again may double it",
            f"{at}?state=in_doubt",
            "in_doubt",
        ),
        Missed(
            "bounced",
            "The address does not work",
            found[MessageState.BOUNCED],
            "Nothing: it is suppressed, unless the verdict is wrong",
            f"{at}?state=bounced",
        ),
    ]
    for reason, n in found.reasons(MessageState.SKIPPED):
        if reason not in (Skip.ENDED, Skip.CANCELLED):
            name, what = _skip(reason)
            known.append(Missed("skipped", name.capitalize(), n, what, f"{at}?state=skipped&reason={reason}"))
    return [line for line in known if line.n]


def answers(row: Campaign, found: Figures, *, sees: bool) -> list[Answer]:
    """Return what servers said of those who did not get it, most frequent first; word for word (they name addresses) to those who may see."""
    groups = [(int(state), reason, n) for state in (MessageState.BOUNCED, MessageState.FAILED) for reason, n in found.reasons(state)]
    most = sorted(groups, key=lambda group: -group[2])[:MOST_ANSWERS]
    said = figures.answers(row, [(state, reason) for state, reason, _ in most]) if sees else {}
    at = f"/campaigns/{row.id}/recipients"
    return [
        Answer(said.get((state, reason), reason), WORDS[state], n, f"{at}?state={MessageState(state).name.lower()}")
        for state, reason, n in most
    ]


def picks(row: Campaign, found: Figures, query: MessageQuery) -> list[dict[str, Any]]:
    """Return ways to the recipients of one state, and within those who were skipped, of one reason."""
    at = f"/campaigns/{row.id}/recipients"
    every = [{"label": "All", "href": at, "count": found.all, "current": not query.state}]
    labels = {
        "sent": "Sent",
        "sending": "In flight",
        "pending": "Waiting",
        "bounced": "Bounced",
        "failed": "Failed",
        "in_doubt": "In doubt",
    }
    for line in lines(found):
        if line.n or query.state == line.key:
            label = labels.get(line.key, "Skipped")
            chosen = query.state == line.key and not query.reason
            every.append({"label": label, "href": f"{at}?state={line.key}", "count": line.n, "current": chosen})
    for reason, n in found.reasons(MessageState.SKIPPED):
        address = f"{at}?state=skipped&reason={reason}"
        every.append({"label": _skip(reason)[0].capitalize(), "href": address, "count": n, "current": query.reason == reason})
    return every


def why(message: Message, *, sees: bool) -> str:
    """Return the reason of a row of the ledger: a skip in words, a server's reply as it is, or its codes alone where it may name an address."""
    if not message.reason:
        return ""
    if message.state == MessageState.SKIPPED:
        return _skip(message.reason)[0].capitalize()
    return message.reason if sees else group_of(message.state, message.reason)


def _skip(reason: str) -> tuple[str, str]:
    return WHY.get(Skip(reason), (reason, "")) if reason in set(Skip) else (reason, "")


def _codes(reasons: list[tuple[str, int]]) -> str:
    few = ", ".join(f"{of_request().count(n)} × {reason}" for reason, n in reasons[:2] if reason)
    return f": {few}" if few else ""


def _chart(noted: list[pace.Note]) -> dict[str, Any] | None:
    points = pace.series(noted)
    if len(points) < 3 or not any(value for _, value in points):  # noqa: PLR2004 (less is no line)
        return None
    formats = of_request()
    labels = [dates.hour(datetime.fromtimestamp(at, tz=now().tzinfo), formats.zone, formats.locale) for at, _ in points]
    return {"labels": labels, "values": [round(value, 1) for _, value in points]}
