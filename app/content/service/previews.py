"""Words as somebody would get them, without anything being sent."""

from dataclasses import dataclass
from typing import Any

from app.content.models import Template
from app.content.queries import templates
from app.content.queries.brands import brand_facts
from app.content.queries.people import contexts, vocabulary
from app.content.render.checks import Findings, look
from app.content.render.compiled import Link, Rendered, Source, Special, compile_source
from app.core.db import get
from app.customers.models import Customer

NOBODY: dict[str, Any] = {"customer": {"fields": {}, "stats": {}, "tags": []}}
"""A person of whom nothing is known."""
_POINT = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail for somebody, and what a look at it found."""

    mail: Rendered
    findings: Findings


def preview(workspace_id: int, source: Source, customer_id: int | None = None, campaign: str = "") -> Preview:
    """Render words for a customer, or for a person of whom nothing is known. Raises Invalid, NotFound."""
    brand = brand_facts(workspace_id)
    compiled = compile_source(source, vocabulary(workspace_id), brand, {})
    context = NOBODY
    if customer_id is not None:
        person = get(Customer, workspace_id, customer_id)
        context = contexts(workspace_id, [person.id], compiled.uses)[person.id]
    mail = compiled.render(context | {"brand": brand, "campaign": {"name": campaign}}, _address)
    return Preview(mail, look(source, compiled, mail, brand["postal_address"]))


def preview_saved(workspace_id: int, template_id: int, number: int | None, customer_id: int | None) -> Preview:
    """Render a version of a template, the newest if none is said. Raises NotFound, Invalid."""
    row = templates.get_template(workspace_id, template_id)
    return preview(workspace_id, source_of(row, number), customer_id, row.name)


def source_of(row: Template, number: int | None = None) -> Source:
    """Return the words of a version, the newest if none is said. Raises NotFound."""
    version = templates.get_version(row.workspace_id, row.id, number or row.version)
    return Source(row.kind, version.subject, version.preheader, version.body, version.text)


def _address(part: Link | Special, target: str) -> str:
    """Return where a link of a preview leads: its own target; the ways out lead nowhere, and the pixel is in the page."""
    if isinstance(part, Link):
        return target
    return _POINT if part.name == "pixel" else f"#{part.name}"
