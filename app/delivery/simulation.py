"""What made-up people do with a message: a plan that follows from its id alone, so that it is the same whenever it is made. Pure.

A message that anything is done with has one moment, `wake` seconds after it was sent, at which its last act has come; then the whole plan
is carried out, the earlier acts with the times they would have had. Months are pressed into an hour, and most of that into ten minutes.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

SHARE = 0.45
"""Of all messages, those with which anything may be done."""
OPENED, OPENED_BY_MACHINE = 0.35, 0.15
"""Of all messages: by people; by scanners and privacy proxies. Some of both."""
CLICKED, ORDERED, UNSUBSCRIBED = 0.23, 0.07, 0.006
"""Of those who opened, of those who clicked, of those who opened."""
FIRST_WAKE, MEAN_WAKE, LAST_WAKE = 20.0, 280.0, 3500.0
"""Seconds: no sooner; how much later on average (exponential); no later."""
_PRIVACY_PROXY = 0.6
_SECOND_LINK = 0.15
_MEDIAN_AMOUNT, _SPREAD = 4800, 0.6
_PAUSE = 0.3
_NAMES = uuid.UUID("9e0a1a52-6a3c-4e0e-9a1e-2f8f6f3f5d11")
PEOPLE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
)
PICTURES = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
"""How the pictures of some people's mail are fetched when they open it."""
PROXY = "Mozilla/5.0"
SCANNERS = ("Barracuda Sentinel (EE)", "Mozilla/5.0 (compatible; proofpoint; URL scanner)", "python-requests/2.32.3")
_BY_PROXY = 0.4


class What(StrEnum):
    """What is done."""

    OPEN = "open"
    CLICK = "click"
    ORDER = "order"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Act:
    """Something done, `after` seconds from when the message was sent. `amount`: minor units of the workspace's currency."""

    what: What
    after: float
    agent: str = ""
    address: str = ""
    link: int | None = None
    amount: int = 0


def plan(message_id: int, wake: float, links: Sequence[int]) -> list[Act]:
    """Return what is done with a message of `SHARE`, in the order of time; the last act at `wake` or before. `links`: their positions."""
    dice = random.Random(message_id)  # noqa: S311 (made-up people need no cryptography)
    acts: list[Act] = []
    if dice.random() < OPENED_BY_MACHINE / SHARE:
        acts += _machine(dice, wake, links)
    if dice.random() < OPENED / SHARE:
        acts += _person(dice, wake, links)
    return sorted(acts, key=lambda act: act.after)


def event_id(message_id: int, number: int) -> str:
    """Return the id of the act of this number, in hex: the same whenever the plan is carried out."""
    return uuid.uuid5(_NAMES, f"{message_id}.{number}").hex


def _machine(dice: random.Random, wake: float, links: Sequence[int]) -> list[Act]:
    """Return what a privacy proxy does, which fetches the pictures, or a scanner, which follows all links too."""
    address = f"192.0.2.{dice.randint(1, 254)}"
    if dice.random() < _PRIVACY_PROXY:
        return [Act(What.OPEN, dice.uniform(3, wake), PROXY, address)]
    agent, at = dice.choice(SCANNERS), dice.uniform(0.3, 1.9)
    return [
        Act(What.OPEN, at, agent, address),
        *(Act(What.CLICK, at + 0.1 * n, agent, address, link) for n, link in enumerate(links[:20], 1)),
    ]


def _person(dice: random.Random, wake: float, links: Sequence[int]) -> list[Act]:
    agent, address = dice.choice(PEOPLE), f"203.0.113.{dice.randint(1, 254)}"
    pictures = PICTURES if dice.random() < _BY_PROXY else agent
    if not links or dice.random() >= CLICKED:
        opened = Act(What.OPEN, wake * dice.uniform(0.6, 0.95), pictures, address)
        return [opened, Act(What.UNSUBSCRIBE, wake, agent, address)] if dice.random() < UNSUBSCRIBED else [opened]
    orders = dice.random() < ORDERED
    at = wake * (dice.uniform(0.5, 0.7) if orders else 1)
    clicks = [Act(What.CLICK, at, agent, address, _choose(dice, links))]
    if dice.random() < _SECOND_LINK:
        clicks.insert(0, Act(What.CLICK, at * (1 - _PAUSE), agent, address, _choose(dice, links)))
    opened = Act(What.OPEN, clicks[0].after * dice.uniform(0.6, 0.9), pictures, address)
    amount = max(round(dice.lognormvariate(0, _SPREAD) * _MEDIAN_AMOUNT), 100)
    return [opened, *clicks, *([Act(What.ORDER, wake, amount=amount)] if orders else [])]


def _choose(dice: random.Random, links: Sequence[int]) -> int:
    """Return a link; the first ones are followed most."""
    return links[min(int(dice.expovariate(1 / 1.5)), len(links) - 1)]
