"""Templates, by the service."""

import itertools
from typing import Any

from app.content.models import Template
from app.content.schemas import RenderIn, TemplateIn, TemplatePatch
from app.content.service import templates
from app.core.actor import Actor

_numbers = itertools.count(1)
SYSTEM = Actor.system("test")
WORDS = {
    "subject": 'Hello {{ customer.first_name | default("there") }}',
    "preheader": "A word from {{ brand.name }}",
    "body": '<p>Hello {{ customer.first_name | default("there") }}, <a href="https://shop.example/new">look</a>.</p>',
}


def a_template(workspace_id: int, **says: Any) -> Template:
    """Make a template that greets by the first name and has one link."""
    given = {"name": f"Template {next(_numbers)}", "kind": "html"} | WORDS | says
    return templates.create(workspace_id, TemplateIn.model_validate(given), SYSTEM)


STRANGERS = {"template_id": lambda workspace_id: a_template(workspace_id).id, "number": lambda _workspace_id: 1}
EXAMPLES = {TemplateIn: {"name": "Welcome"} | WORDS, TemplatePatch: {"name": "Welcome"}, RenderIn: {}}
