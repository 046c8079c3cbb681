"""What a server's reply means for the message, the address and the sender. Pure."""

import re
from dataclasses import dataclass
from enum import Enum

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\b")
_ABOUT_ADDRESS = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient|person)|mailbox (not found|unavailable|does not exist|disabled)|"
    r"(user|recipient|address|account|mailbox) .{0,60}(not exist|not found|unknown|invalid|disabled|inactive|rejected: user)|"
    r"(does not|doesn't) exist|invalid (recipient|mailbox|address)|recipient (unknown|not found)|no mailbox here",
    re.IGNORECASE,
)
_ABOUT_POLICY = re.compile(
    r"spam|blocked|blacklist|blocklist|block list|policy|reputation|denied|relay|spf|dkim|dmarc|authenticat|banned|rejected due|too large|size|"
    r"content|virus|listed|rate|quota|full|greylist",
    re.IGNORECASE,
)
_ABOUT_SENDER = re.compile(r"\b(sender|from address|mail from|envelope|return path|reverse path)\b", re.IGNORECASE)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: its code, and its lines joined by spaces."""

    code: int
    text: str

    @property
    def enhanced(self) -> str:
        """Return the enhanced status code (RFC 3463), or nothing."""
        found = _ENHANCED.match(self.text)
        return found[0] if found else ""

    @property
    def codes(self) -> str:
        """Return its codes without its words, which may repeat what they were told."""
        return f"{self.code} {self.enhanced}".strip()

    def __str__(self) -> str:
        """Return it as it stands in the ledger."""
        return f"{self.code} {self.text}".strip()[:_LONGEST]


class Verdict(Enum):
    """What to do after a refusal."""

    RETRY = "retry"
    """Later: the server cannot now (4xx)."""
    BOUNCED = "bounced"
    """Never to this address again."""
    FAILED = "failed"
    """Not this message; the address may be good."""


def of_message(reply: Reply) -> Verdict:
    """Judge a refusal of a recipient or of a message.

    By the enhanced status code where there is one (RFC 3463: x.1.y is about the address, 5.2.1 a disabled mailbox), else by the words.
    A refusal that speaks of policy, reputation or content says nothing about the address: suppressing it would shrink the list by
    whoever's server dislikes us.
    """
    if reply.code < 500:  # noqa: PLR2004 (RFC 5321: 5yz alone is for good)
        return Verdict.RETRY
    words = reply.text[:_LONGEST]
    if _ABOUT_SENDER.search(words):
        return Verdict.FAILED
    enhanced = reply.enhanced
    if enhanced:
        subject = enhanced[2:]
        if subject.startswith("1.") and subject not in ("1.7", "1.8"):  # those two are about the sender's address
            return Verdict.BOUNCED
        if subject == "2.1":
            return Verdict.BOUNCED
        if subject not in ("0.0", "5.0"):
            return Verdict.FAILED
    if _ABOUT_ADDRESS.search(words) and not _ABOUT_POLICY.search(words):
        return Verdict.BOUNCED
    return Verdict.FAILED


def wait_after(attempts: int, chance: float) -> float:
    """Return the seconds until the next try after so many tries: 1, 2, 4, 8, 16 … 60 minutes, ±20 % by `chance` (0 to 1)."""
    return float(min(60 * 2 ** max(0, attempts - 1), 3600)) * (0.8 + 0.4 * chance)


MOST_ATTEMPTS = 6
"""Tries of one message, over about half an hour."""
