"""Estimates that several rooms show. Pure."""

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: two sides of 95 %."""


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion, as fractions; `z` is the quantile of its level. (0, 1) of nothing.

    E. B. Wilson, «Probable inference, the law of succession, and statistical inference», JASA 22 (1927), 209–212: all p for which
    the score test does not refuse part ÷ whole, |part ÷ whole − p| ≤ z √(p (1 − p) ÷ whole). It never leaves 0 to 1, and holds its
    level for rare events and few people, where the usual interval does not (Brown, Cai, DasGupta, Statistical Science 16 (2001), 101–133).
    """
    if whole <= 0:
        return 0.0, 1.0
    share, square = part / whole, z * z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole)) / (1 + square / whole)
    return (0.0 if part == 0 else middle - half), (1.0 if part == whole else middle + half)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many. `value`, `low` and `high` (95 %, Wilson) are fractions; None of nothing.

    Counts that were taken apart may disagree by a few (somebody opened what was reported as bounced later): a rate stops at 1.
    """

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """Return the share."""
        return min(self.part, self.whole) / self.whole if self.whole > 0 else None

    @property
    def low(self) -> float | None:
        """Return the lower end of the interval."""
        return wilson(min(self.part, self.whole), self.whole)[0] if self.whole > 0 else None

    @property
    def high(self) -> float | None:
        """Return the upper end of the interval."""
        return wilson(min(self.part, self.whole), self.whole)[1] if self.whole > 0 else None
