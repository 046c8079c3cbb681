"""What came of mailings, as numbers that add up. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import reduce
from operator import add, attrgetter, sub

from app.core.stats import Rate


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over hours of mailings; the columns of `mailing_hours` and `mailing_days`, so that any of them may be added.

    `sent` to `complained` are people (each once a message) by when the message was sent; `bounced` came back after it was taken.
    `refused` never left: their server refused the address. `orders` are purchases, `revenue` minor units less refunds, both by when they
    were made.
    """

    sent: int = 0
    bounced: int = 0
    opened: int = 0
    clicked: int = 0
    ordered: int = 0
    unsubscribed: int = 0
    complained: int = 0
    refused: int = 0
    opens: int = 0
    clicks: int = 0
    hits_opened: int = 0
    hits_opened_machine: int = 0
    hits_opened_unsure: int = 0
    hits_clicked: int = 0
    hits_clicked_machine: int = 0
    hits_clicked_unsure: int = 0
    orders: int = 0
    revenue: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        """Return both together."""
        return Figures(*map(add, _values(self), _values(other)))

    def __sub__(self, other: "Figures") -> "Figures":
        """Return what is left without the other."""
        return Figures(*map(sub, _values(self), _values(other)))

    @property
    def delivered(self) -> int:
        """Return how many were taken by the receiving server and did not come back."""
        return self.sent - self.bounced

    @property
    def tried(self) -> int:
        """Return how many were handed to the receiving server, whatever it said of the address."""
        return self.sent + self.refused

    @property
    def returned(self) -> int:
        """Return how many addresses were refused for good, at the door or later: what pages call bounced."""
        return self.refused + self.bounced

    @property
    def open_rate(self) -> Rate:
        """Return openers of delivered."""
        return Rate(self.opened, self.delivered)

    @property
    def click_rate(self) -> Rate:
        """Return clickers of delivered."""
        return Rate(self.clicked, self.delivered)

    @property
    def order_rate(self) -> Rate:
        """Return people who ordered of delivered."""
        return Rate(self.ordered, self.delivered)

    @property
    def unsubscribe_rate(self) -> Rate:
        """Return people who unsubscribed of delivered."""
        return Rate(self.unsubscribed, self.delivered)

    @property
    def complaint_rate(self) -> Rate:
        """Return people who complained of delivered."""
        return Rate(self.complained, self.delivered)

    @property
    def bounce_rate(self) -> Rate:
        """Return refused addresses of those tried."""
        return Rate(self.returned, self.tried)


NAMES = tuple(field.name for field in fields(Figures))
_values: Callable[[Figures], tuple[int, ...]] = attrgetter(*NAMES)


def total(several: Iterable[Figures]) -> Figures:
    """Return all together."""
    return reduce(Figures.__add__, several, Figures())


def return_on(cost: int, revenue: int) -> float | None:
    """Return what came back for each unit spent, less that unit: (revenue − cost) ÷ cost, as a fraction; None where nothing was spent."""
    return (revenue - cost) / cost if cost > 0 else None
