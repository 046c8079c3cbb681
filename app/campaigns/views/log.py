"""How the audit log says what happened to campaigns: names for ids, money for minor units, moments as pages write them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.campaigns.queries.names import FIELDS, names_of
from app.core.web.format import of_request

ALL_MAIL = "Mail as a whole"


def words(workspace_id: int, states: Sequence[Mapping[str, Any]]) -> dict[str, Callable[[Any], str]]:
    """Return by field what makes words of a value of it."""
    write, names = of_request(), names_of(workspace_id, states)
    named = {field: _teller(names[field]) for field in FIELDS}
    amounts = dict.fromkeys(("cost", "goal"), write.money)
    counts = dict.fromkeys(("customers", "will_receive", "people", "addresses"), write.count)
    return {**named, **amounts, **counts, "scheduled_at": lambda moment: write.when(datetime.fromisoformat(moment))}


def _teller(names: Mapping[int, str]) -> Callable[[Any], str]:
    def tell(number: Any) -> str:
        return names.get(number) or (f"{number}, not here any more" if number else ALL_MAIL)

    return tell
