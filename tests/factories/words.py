"""Words that become mails, and whom they speak to."""

from typing import Any

import pytest

from app.content.render.compiled import Compiled, Link, Rendered, Source, Special, compile_source
from app.content.render.fields import Word, Words
from app.core.errors import Invalid

WORDS = Words.of(
    (
        Word("customer.first_name", "First name"),
        Word("customer.tags", "Tags", "list"),
        Word("customer.fields.plan", "Plan"),
        Word("customer.fields.site", "Site"),
        Word("customer.birthday", "Birthday", "date"),
        Word("customer.stats.lifetime_value", "Lifetime value", "money"),
    )
)
BRAND = {"name": "Northlight", "postal_address": "214 Pier Street\nPortland & Co", "currency": "USD", "locale": "en"}
WAY_OUT = '<a href="{{ unsubscribe_url }}">out</a> {{ brand.postal_address }}'


def compiled(body: str, *, kind: str = "html", utm: dict[str, str] | None = None, **says: Any) -> Compiled:
    given = {"subject": "Hello", "preheader": "", "text": None} | says
    return compile_source(Source(kind=kind, body=body, **given), WORDS, BRAND, utm or {})


def context(first_name: Any = None, **says: Any) -> dict[str, Any]:
    person = {"id": 7, "first_name": first_name, "tags": [], "fields": {}, "stats": {}} | says
    return {"customer": person, "brand": BRAND, "campaign": {"name": "Autumn"}}


def address(part: Link | Special, target: str) -> str:
    return f"L{part.position}:{target}" if isinstance(part, Link) else f"S:{part.name}&x"


def mail(body: str, about: dict[str, Any] | None = None, **says: Any) -> Rendered:
    return compiled(body, **says).render(about or context(), address)


def shown(words: str, about: dict[str, Any] | None = None) -> str:
    """Return what `words` become between two signs of a body with its own way out."""
    html = mail(f"<p>«{words}»</p>{WAY_OUT}", about).html
    return html.partition("«")[2].partition("»")[0]


def refused(body: str, **says: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as no:
        compiled(body, **says)
    return no.value.errors
