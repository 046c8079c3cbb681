"""Candidates in memory, by mailing and sender, and the order in which mailings take their turns."""

from collections import deque
from dataclasses import dataclass, field

from app.delivery.mailer.item import Item
from app.delivery.mailer.pantry import Candidate, Kitchen, Wish

LOW = 250
"""Candidates below which more are read."""
READY = 100
"""Messages made ahead of each mailing."""


@dataclass(slots=True)
class Shelf:
    """One mailing: its candidates, and how far they have been read."""

    wish: Wish
    kitchen: Kitchen | None = None
    candidates: deque[Candidate] = field(default_factory=deque)
    ready: deque[Item] = field(default_factory=deque)
    after: int = 0
    reading: bool = False
    cooking: bool = False
    version: int = -1
    dry: bool = False
    """All was read to the end; from the start again with the next survey that says somebody waits."""
    told: bool = False
    """Since then it has been noticed that nothing is left here."""

    @property
    def filled(self) -> int:
        """Return how many messages could be taken at once."""
        return len(self.candidates) + len(self.ready)


class Stock:
    """All shelves."""

    def __init__(self) -> None:
        self.shelves: dict[int, Shelf] = {}
        self.busy: set[int] = set()
        """Messages that are announced, claimed or answered, and not yet settled in the ledger."""
        self._turns: dict[int, deque[int]] = {}

    def update(self, wishes: list[Wish]) -> None:
        """Follow a survey: shelves of new mailings appear, those of paused and finished ones are emptied."""
        wanted = {wish.mailing_id: wish for wish in wishes if wish.open}
        for gone in self.shelves.keys() - wanted.keys():
            del self.shelves[gone]
        for mailing_id, wish in wanted.items():
            shelf = self.shelves.setdefault(mailing_id, Shelf(wish))
            shelf.wish = wish
            if wish.waiting and shelf.dry and not shelf.filled:
                shelf.dry, shelf.told, shelf.after = False, False, 0
        known = [mailing_id for turns in self._turns.values() for mailing_id in turns if mailing_id in self.shelves]
        self._turns = {}
        for mailing_id in [*known, *sorted(self.shelves.keys() - set(known))]:  # whoever waits keeps their place
            self._turns.setdefault(self.shelves[mailing_id].wish.sender_id, deque()).append(mailing_id)

    def keep(self, of: int, mine: int) -> None:
        """Keep the share of this mailer, now that there are others, or fewer of them."""
        for shelf in self.shelves.values():
            shelf.candidates = deque(c for c in shelf.candidates if c.message_id % of == mine)
            shelf.ready = deque(i for i in shelf.ready if i.message_id % of == mine)
            shelf.after, shelf.dry, shelf.told = 0, False, False

    def put(self, mailing_id: int, found: list[Candidate]) -> None:
        """Put candidates on the shelf, but for those under way."""
        shelf = self.shelves.get(mailing_id)
        if shelf is not None:
            known = {candidate.message_id for candidate in shelf.candidates} | {item.message_id for item in shelf.ready} | self.busy
            shelf.candidates.extend(candidate for candidate in found if candidate.message_id not in known)

    def give_back(self, item: Item, *, last: bool = False) -> None:
        """Put an item back that was announced in vain; it goes first, or, where it may be why the server hung up, behind what is ready."""
        self.busy.discard(item.message_id)
        shelf = self.shelves.get(item.mailing_id)
        if shelf is not None:
            (shelf.ready.append if last else shelf.ready.appendleft)(item)

    def filled(self, sender_id: int) -> int:
        """Return how many candidates of a sender are here."""
        return sum(self.shelves[m].filled for m in self._turns.get(sender_id, ()))

    def take(self, sender_id: int) -> Item | None:
        """Return the next message of a sender: of the most urgent mailings, each in its turn."""
        turns = self._turns.get(sender_id)
        if not turns:
            return None
        filled = [m for m in turns if self.shelves[m].ready]
        if not filled:
            return None
        urgent = min(self.shelves[m].wish.priority for m in filled)
        mailing_id = next(m for m in filled if self.shelves[m].wish.priority == urgent)
        item = self.shelves[mailing_id].ready.popleft()
        turns.remove(mailing_id)
        turns.append(mailing_id)
        self.busy.add(item.message_id)
        return item
