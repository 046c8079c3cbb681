"""The check before launch: what is missing, and who would get it, who not, and why."""

from dataclasses import asdict, dataclass
from typing import Any

from app.campaigns.models import Campaign
from app.campaigns.queries import audience, campaigns
from app.campaigns.queries.audience import Audience
from app.campaigns.service import words
from app.campaigns.service.choices import why_not
from app.content.models import Template
from app.core.db import find, time_limit
from app.core.errors import Invalid, Refusal, Unavailable
from app.delivery.models import Sender, Skip
from app.delivery.queries import eligibility, senders
from app.segments.models import SegmentKind
from app.segments.queries import counting

SECONDS = 8
"""How long each of two statements may count before the page says that it takes longer."""
TAKES_LONGER = "Counting takes longer than usual."


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that stands in the way of the launch."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """Who is asked for, less those who do not get it; `duplicates` stand in several segments and are counted once."""

    matched: int
    duplicates: int
    left_out: int
    no_address: int
    no_consent: int
    unsubscribed: int
    suppressed: int
    will_receive: int
    seconds: float | None
    """How long it takes at the sender's limit; None: as fast as it goes."""

    @property
    def barred(self) -> int:
        """Return how many are asked for, not left out by segments, and may still not be written to."""
        return self.no_address + self.no_consent + self.unsubscribed + self.suppressed


@dataclass(frozen=True, slots=True)
class Check:
    """What stands in the way, what is worth a look all the same, and the counts; None: they take longer than anybody waits."""

    problems: tuple[Problem, ...]
    counts: Counts | None
    notes: tuple[Problem, ...] = ()

    @property
    def ready(self) -> bool:
        """Tell whether it may be launched."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return it as the API says it."""
        said = {name: [asdict(one) for one in getattr(self, name)] for name in ("problems", "notes")}
        return {"ready": self.ready} | said | {"counted": self.counts is not None} | (asdict(self.counts) if self.counts else {})


def check(campaign: Campaign) -> Check:
    """Check everything that the launch needs."""
    going, problems = audience.of_campaign(campaign), missing(campaign)
    if not going.into and not going.named:
        return Check((*problems, Problem("segments", "Choose at least one segment, or name people.")), _nobody(campaign))
    counts = count(campaign, going)
    problems += _unreadable(campaign)
    if counts is not None and counts.matched == 0:
        problems.append(Problem("segments", "Nobody is in the segments it goes to."))
    elif counts is not None and counts.will_receive == 0:
        problems.append(Problem("segments", "Nobody would receive it: see who is left out, and why."))
    return Check(tuple(problems), counts, tuple(worth_a_look(campaign)))


def missing(campaign: Campaign) -> list[Problem]:
    """Return what the content and the sender still need."""
    problems = []
    template = find(Template, campaign.workspace_id, campaign.template_id) if campaign.template_id else None
    if template is None:
        problems.append(Problem("template_id", "Choose a template."))
    elif template.archived_at is not None:
        problems.append(Problem("template_id", f"“{template.name}” is archived. Choose another."))
    sender = campaigns.sender_of(campaign)
    if sender is None:
        problems.append(Problem("sender_id", "Choose a sender."))
    elif sender.archived_at is not None:
        problems.append(Problem("sender_id", f"The sender “{sender.name}” was deleted. Choose another."))
    elif reason := why_not(campaign.workspace_id, sender):
        problems.append(Problem("sender_id", reason))
    if template is not None and sender is not None:
        problems += _faults(campaign)
    return problems


def worth_a_look(campaign: Campaign) -> list[Problem]:
    """Return what does not stand in the way and still may not be meant."""
    notes = []
    sender = campaigns.sender_of(campaign)
    if sender is not None and sender.problem:
        notes.append(Problem("sender_id", f"“{sender.name}” cannot send just now: {sender.problem}"))
    elif sender is not None and sender.id in senders.held_until(campaign.workspace_id):
        notes.append(Problem("sender_id", f"“{sender.name}” rests: its server took nothing when last tried. It is tried again by itself."))
    if not words.facts(campaign.workspace_id, sender).get("postal_address"):
        notes.append(Problem("brand", "The brand has no postal address. Many countries ask for one in every mail."))
    return notes


def count(campaign: Campaign, going: Audience) -> Counts | None:
    """Count who would get it, by two statements over the whole audience; None: they take longer than SECONDS."""
    try:
        with time_limit(SECONDS, TAKES_LONGER):
            counting.prepare()
            matched, duplicates, left_out = audience.tally(going)
            reasons = eligibility.count(campaign.workspace_id, going.going(), campaign.topic_id)
    except Unavailable:
        return None
    receive = reasons.pop(None, 0)
    seconds = duration(campaigns.sender_of(campaign), receive)
    named = {reason: reasons.get(reason, 0) for reason in (Skip.NO_ADDRESS, Skip.NO_CONSENT, Skip.UNSUBSCRIBED, Skip.SUPPRESSED)}
    return Counts(matched, duplicates, left_out, **{str(name): n for name, n in named.items()}, will_receive=receive, seconds=seconds)


def duration(sender: Sender | None, people: int) -> float | None:
    """Return how many seconds the sender's limit makes of so many people; None: it has none."""
    return people / sender.per_second if sender is not None and sender.per_second else None


def _nobody(campaign: Campaign) -> Counts:
    return Counts(0, 0, 0, 0, 0, 0, 0, 0, duration(campaigns.sender_of(campaign), 0))


def _faults(campaign: Campaign) -> list[Problem]:
    """Return what is wrong with the words themselves."""
    try:
        words.freeze(campaign)
    except Invalid as no:
        return [Problem("template_id", reason) for reason in no.errors.values()][:5]
    except Refusal as no:
        return [Problem("template_id", no.reason)]
    return []


def _unreadable(campaign: Campaign) -> list[Problem]:
    """Return the segments whose rules cannot be read any more, or whose members have not been found yet."""
    problems = []
    for target in campaigns.targets(campaign.workspace_id, [campaign.id])[campaign.id]:
        row = target.segment
        field = "exclude_segments" if target.excluded else "segments"
        if row.problem:
            problems.append(Problem(field, f"The rules of “{row.name}” need a look: {row.problem}"))
        elif row.filled_at is None and row.kind == SegmentKind.DYNAMIC:
            problems.append(Problem(field, f"The members of “{row.name}” are still being found."))
    return problems
