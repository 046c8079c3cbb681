"""What the builder on the page must know of a workspace: fields with their comparisons, activities, segments, sources. Pure."""

from typing import Any

from babel.numbers import get_currency_precision, get_currency_symbol

from app.core.web.numbers import known_locale
from app.segments.operators import OPS_BY_TYPE
from app.segments.vocabulary import Vocabulary

GROUPS = {"profile": "Profile", "tags": "Profile", "consent": "Consent", "custom": "Your fields", "stats": "Orders and activity"}


def for_builder(words: Vocabulary, itself: int | None) -> dict[str, Any]:
    """Return the data of the page; `itself` is the segment being edited, which it cannot name."""
    fields = [
        {
            "path": info.path,
            "label": info.label,
            "type": info.type,
            "group": GROUPS[info.source],
            "ops": list(OPS_BY_TYPE[info.type]),
            "choices": [[choice, info.say(choice)] for choice in info.choices],
            "suggests": info.type in ("text", "list") and not info.choices and info.source != "consent",
        }
        for info in words.fields.values()
    ]
    return {
        "fields": fields,
        "activities": [{"name": kind.name, "label": kind.label[:1].upper() + kind.label[1:]} for kind in words.kinds.values()],
        "segments": [{"id": number, "name": name} for number, name in words.segments.items() if number != itself],
        "sources": [{"id": number, "name": name} for number, name in words.sources.items()],
        "currency": {
            "symbol": get_currency_symbol(words.currency, locale=known_locale(words.locale)),
            "places": get_currency_precision(words.currency),
        },
    }
