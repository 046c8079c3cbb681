"""How much a template may handle at once. One call into C cannot be stopped, so sizes are looked at before, and the time between the calls."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context as Scope

from app.core.errors import Invalid

FILTER_CHARACTERS = 100_000
"""What one filter may be given, and may return."""
_BETWEEN = 2
"""What a list's entry takes at least: a comma and a space."""


def fits(characters: int, limit: int = FILTER_CHARACTERS) -> None:
    """Raise Invalid for more characters than may be handled at once."""
    if characters > limit:
        raise Invalid({"body": f"This becomes too large: more than {limit:,} characters in one place."})


def measure(value: Any, limit: int = FILTER_CHARACTERS, taken: int = 0) -> int:
    """Return `taken` and the size of a value as a mail would show it, about. Raises Invalid once it is too large, however long the lists are."""
    if isinstance(value, list | tuple):
        for one in value:
            taken = measure(one, limit, taken + _BETWEEN)
    elif isinstance(value, str):
        taken += len(value)
    fits(taken, limit)
    return taken


def measured(function: Callable[..., Any], limit: int = FILTER_CHARACTERS) -> Callable[..., Any]:
    """Wrap a filter so that it is within the mail's time, and neither takes nor returns too much.

    It is given the context, and what needs one is never run while Jinja compiles.
    """

    @pass_context
    @wraps(function)
    def run(scope: Scope, value: Any, *args: Any, **kwargs: Any) -> Any:
        scope["_budget"].check()
        measure([value, *args, *kwargs.values()], limit)
        found = function(value, *args, **kwargs)
        measure(found, limit)
        return found

    return run
