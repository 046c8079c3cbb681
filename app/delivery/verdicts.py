"""Who was it: a person, a machine, or nobody can say. Pure, and of what activities keep only, so that it can be computed anew.

Mail servers open and follow what they let through, and privacy proxies open what nobody reads. The signals, strongest first: the
method, an agent that says so, a hit sooner than anybody reads, links followed faster than anybody clicks. See SCIENCE, «Machines».
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from crawleruseragents import is_crawler

SOONEST = 2.0
"""Seconds after the server said yes within which nobody has read anything."""
BURST, BURST_LINKS = 10.0, 3
"""Three links of one message within ten seconds by one address …"""
PAIR, PAIR_LINKS = 2.0, 2
"""… or two within two: no hand is so fast."""
_SCANNERS = re.compile(r"barracuda|mimecast|proofpoint|\bjava/|libwww|okhttp|node-fetch|axios/|^ruby", re.IGNORECASE)


class Verdict(StrEnum):
    """What a hit counts as."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


class Why(StrEnum):
    """The reason of a verdict, as kept in the activity."""

    BROWSER = "browser"
    IMAGE_PROXY = "image_proxy"
    HEAD = "head"
    NO_AGENT = "no_agent"
    CRAWLER = "crawler"
    SOON = "soon"
    BURST = "burst"
    PRIVACY_PROXY = "privacy_proxy"


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """A verdict and its reason. There are few: each is one object, known by its identity."""

    verdict: Verdict
    why: Why


class Agent(StrEnum):
    """What an agent says it is."""

    NONE = "none"
    CRAWLER = "crawler"
    IMAGE_PROXY = "image_proxy"
    PRIVACY_PROXY = "privacy_proxy"
    BROWSER = "browser"


_BROWSER, _IMAGE_PROXY = Finding(Verdict.PERSON, Why.BROWSER), Finding(Verdict.PERSON, Why.IMAGE_PROXY)
_PRIVACY_PROXY = Finding(Verdict.UNSURE, Why.PRIVACY_PROXY)
_HEAD, _NO_AGENT, _CRAWLER, _SOON, _BURST = (
    Finding(Verdict.MACHINE, why) for why in (Why.HEAD, Why.NO_AGENT, Why.CRAWLER, Why.SOON, Why.BURST)
)
FINDINGS = (_BROWSER, _IMAGE_PROXY, _PRIVACY_PROXY, _HEAD, _NO_AGENT, _CRAWLER, _SOON, _BURST)
_BY_AGENT = {
    Agent.NONE: (_NO_AGENT, _NO_AGENT),
    Agent.CRAWLER: (_CRAWLER, _CRAWLER),
    Agent.IMAGE_PROXY: (_IMAGE_PROXY, _CRAWLER),
    Agent.PRIVACY_PROXY: (_PRIVACY_PROXY, _PRIVACY_PROXY),
    Agent.BROWSER: (_BROWSER, _BROWSER),
}
"""What an agent is taken for when nothing else speaks: when it opens, when it clicks."""


class Click(NamedTuple):
    """A followed link, for `bursts`: `key` is whatever the caller knows it by, `at` in seconds."""

    key: str
    message_id: int
    address: str
    link: int
    at: float


def kind_of(agent: str) -> Agent:
    """Tell what an agent says it is. A proxy fetches pictures when, and only when, its user opens the mail; Apple's fetches them all."""
    agent = agent.strip()
    if not agent:
        return Agent.NONE
    if "GoogleImageProxy" in agent or "YahooMailProxy" in agent:
        return Agent.IMAGE_PROXY
    if agent == "Mozilla/5.0":
        return Agent.PRIVACY_PROXY
    return Agent.CRAWLER if _SCANNERS.search(agent) or is_crawler(agent) else Agent.BROWSER


@lru_cache(maxsize=50_000)
def _taken_for(agent: str) -> tuple[Finding, Finding]:
    return _BY_AGENT[kind_of(agent)]


def judge(*, click: bool, method: str, agent: str, seconds: float | None, burst: bool = False) -> Finding:
    """Return the verdict on a hit and its reason. `seconds` since the server took the message; None: it has not yet, as far as we know."""
    finding = _taken_for(agent)[click]
    if method == "HEAD":
        return _HEAD
    if finding is _NO_AGENT or finding is _CRAWLER:
        return finding
    if seconds is None or seconds < SOONEST:
        return _SOON
    return _BURST if burst else finding


def bursts(clicks: Iterable[Click]) -> set[str]:
    """Return the keys of clicks that belong to a burst: several links of one message, one address, within seconds."""
    groups: dict[tuple[int, str], list[Click]] = defaultdict(list)
    for click in clicks:
        groups[click.message_id, click.address].append(click)
    found: set[str] = set()
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=lambda click: click.at)
            found |= _within(group, PAIR, PAIR_LINKS) | _within(group, BURST, BURST_LINKS)
    return found


def _within(group: list[Click], seconds: float, links: int) -> set[str]:
    """Return the keys of those clicks (sorted by time) that stand in a window of so many seconds with so many links or more."""
    found: set[str] = set()
    times: dict[int, int] = defaultdict(int)
    first = marked = 0
    for last, click in enumerate(group):
        times[click.link] += 1
        while click.at - group[first].at > seconds:
            link = group[first].link
            times[link] -= 1
            if not times[link]:
                del times[link]
            first += 1
        if len(times) >= links:
            found.update(one.key for one in group[max(first, marked) : last + 1])
            marked = last + 1
    return found
