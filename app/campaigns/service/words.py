"""The words of a campaign: as the template and the brand have them now, ready to be frozen or shown."""

from collections.abc import Callable, Mapping
from typing import Any

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns
from app.content.models import Template
from app.content.queries.brands import brand_facts
from app.content.queries.people import contexts, vocabulary
from app.content.render.compiled import Compiled, Link, Rendered, Source, Special, compile_source
from app.content.render.fields import Words as Vocabulary
from app.content.service.previews import NOBODY
from app.core.db import find
from app.core.errors import Conflict, NotFound
from app.delivery.models import MailingContent, Sender
from app.delivery.service.mailings import Words

_POINT = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="
Compile = Callable[[Source, Vocabulary | None, Mapping[str, Any], Mapping[str, str]], Compiled]
NO_WORDS = "Choose a template."
NO_SENDER = "Choose a sender."


def freeze(row: Campaign) -> Words:
    """Return what the mailing of a campaign says. Raises Invalid where the words are faulty, Conflict where something is missing."""
    sender = campaigns.sender_of(row)
    if sender is None:
        raise Conflict(NO_SENDER)
    source, brand, utm = source_of(row), facts(row.workspace_id, sender), tagged(row)
    compiled = compile_source(source, vocabulary(row.workspace_id), brand, utm)
    return Words(
        kind=source.kind,
        subject=source.subject,
        preheader=source.preheader,
        body=source.body,
        text=source.text,
        brand=brand,
        from_email=sender.from_email,
        from_name=sender.from_name,
        reply_to=sender.reply_to,
        utm=utm,
        links=compiled.links,
    )


def present(row: Campaign, by: Compile = compile_source) -> Compiled:
    """Return the present words of a campaign that was not launched; by `compile_head` their subject alone. Raises Invalid, Conflict."""
    return by(source_of(row), vocabulary(row.workspace_id), facts(row.workspace_id, campaigns.sender_of(row)), tagged(row))


def frozen(content: MailingContent, by: Compile = compile_source) -> Compiled:
    """Return the words of a mailing as they were at launch; by `compile_head` their subject alone."""
    source = Source(kind=content.kind, subject=content.subject, preheader=content.preheader, body=content.body, text=content.text)
    return by(source, None, content.brand, content.utm)


def render(row: Campaign, compiled: Compiled, brand: dict[str, Any], customer_id: int | None) -> Rendered:
    """Return the mail as one customer gets it (without one: as somebody of whom nothing is known); links lead where they were written to."""
    found = contexts(row.workspace_id, [customer_id], compiled.uses) if customer_id else {}
    if customer_id and customer_id not in found:
        raise NotFound("customer")
    person = found[customer_id] if customer_id else NOBODY
    return compiled.render(person | {"brand": brand, "campaign": {"name": row.name}}, _plain_address)


def source_of(row: Campaign) -> Source:
    """Return the template's words: the version launched or scheduled, else the newest. Raises Conflict where none is chosen."""
    template = find(Template, row.workspace_id, row.template_id) if row.template_id else None
    words = campaigns.template_words(row.workspace_id, template.id, row.template_version) if template else None
    if template is None or words is None:
        raise Conflict(NO_WORDS)
    return Source(kind=template.kind, subject=words.subject, preheader=words.preheader, body=words.body, text=words.text)


def facts(workspace_id: int, sender: Sender | None) -> dict[str, Any]:
    """Return what templates and footers know of the brand: the sender's, else the workspace's first."""
    return brand_facts(workspace_id, sender.brand_id if sender else None)


def tagged(row: Campaign) -> dict[str, str]:
    """Return what links carry, by the names of the address: `utm_source`."""
    return {f"utm_{part}": value for part, value in row.utm.items()}


def _plain_address(part: Link | Special, target: str) -> str:
    """Lead links to where they were written to; the ways out lead nowhere, and the pixel asks nobody."""
    if isinstance(part, Link):
        return target
    return _POINT if part.name == "pixel" else f"#{part.name}"
