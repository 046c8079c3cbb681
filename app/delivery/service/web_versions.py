"""The web version of a message: the frozen words for the very customer, with the links of that message."""

import json
from collections.abc import Callable
from functools import lru_cache

import sqlalchemy as sa

from app.content.queries.people import contexts
from app.content.render.compiled import Compiled, Link, Rendered, Source, Special, compile_source
from app.core.db import session
from app.core.errors import Invalid
from app.delivery.models import MailingContent
from app.delivery.queries.readers import Reader
from app.delivery.tokens import Signer, trackable


def web_version(reader: Reader, signer: Signer, home: str) -> Rendered | None:
    """Return a message as a page; None where there is no such customer any more, or the words make no page of them. `home`: PUBLIC_URL."""
    query = sa.select(MailingContent).where(
        MailingContent.workspace_id == reader.workspace_id,
        MailingContent.mailing_id == reader.mailing_id,
        MailingContent.variant == reader.variant,
    )
    words = session().scalars(query).one_or_none()
    if words is None or reader.customer_id is None:
        return None
    source = Source(words.kind, words.subject, words.preheader, words.body, words.text)
    try:
        compiled = _compiled(source, json.dumps(words.brand, sort_keys=True), json.dumps(words.utm, sort_keys=True))
        context = contexts(reader.workspace_id, [reader.customer_id], compiled.uses).get(reader.customer_id)
        if context is None:
            return None
        return compiled.render({**context, "brand": words.brand, "campaign": {"name": reader.mailing}}, _addresses(reader, signer, home))
    except Invalid:  # it was sent, so the words were good; what is wrong now is what they say of this customer
        return None


@lru_cache(maxsize=64)
def _compiled(source: Source, brand: str, utm: str) -> Compiled:
    """Compile frozen words; kept, because many look at the same mail in the same hours."""
    return compile_source(source, None, json.loads(brand), json.loads(utm))


def _addresses(reader: Reader, signer: Signer, home: str) -> Callable[[Link | Special, str], str]:
    pages = {"unsubscribe": signer.unsubscribe_url, "view": signer.view_url, "pixel": signer.open_url}

    def address(part: Link | Special, target: str) -> str:
        if isinstance(part, Special):
            return home + pages[part.name](reader.message_id)
        return home + signer.click_url(reader.message_id, part.position, target) if trackable(target) else target

    return address
