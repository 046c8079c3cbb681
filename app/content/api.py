"""Templates as JSON."""

from typing import Any

from app.content.models import Template
from app.content.queries import templates
from app.content.schemas import RenderIn, RenderOut, TemplateIn, TemplateOut, TemplatePatch, TemplateQuery, TemplateSummary, VersionOut
from app.content.service import previews
from app.content.service import templates as service
from app.core.errors import Forbidden
from app.core.schemas import ListQuery, Page
from app.core.web.api import Api
from app.core.web.principal import Principal

api = Api("templates", __name__)


@api.post("/templates", permission="content.edit", body=TemplateIn, returns=TemplateOut, status=201, summary="Create a template")
def create_template(caller: Principal, body: TemplateIn) -> Any:
    """Make a template. Its words are checked: an unknown field or a tag that is not allowed is refused with its line."""
    return _with_words(service.create(caller.workspace_id, body, caller.actor))


@api.get(
    "/templates",
    permission="campaigns.view",
    query=TemplateQuery,
    returns=Page[TemplateSummary],
    summary="List templates, those changed last first",
)
def list_templates(caller: Principal, query: TemplateQuery) -> dict[str, Any]:
    """Return templates without their words."""
    rows, following = templates.page(caller.workspace_id, query.cursor, query.limit, query.search, archived=query.archived)
    return {"items": list(rows), "next": following}


@api.get("/templates/<int:template_id>", permission="campaigns.view", returns=TemplateOut, summary="Read a template")
def get_template(caller: Principal, template_id: int) -> Any:
    """Return a template with its newest words."""
    return _with_words(templates.get_template(caller.workspace_id, template_id))


@api.patch("/templates/<int:template_id>", permission="content.edit", body=TemplatePatch, returns=TemplateOut, summary="Change a template")
def update_template(caller: Principal, template_id: int, body: TemplatePatch) -> Any:
    """Change name or words. Words that differ become a new version; `text: null` lets the text part be made from the body again."""
    return _with_words(service.update(caller.workspace_id, template_id, body, caller.actor))


@api.delete("/templates/<int:template_id>", permission="content.edit", summary="Archive a template")
def archive_template(caller: Principal, template_id: int) -> None:
    """Offer it no more. Nothing is lost: what was sent with it keeps its words."""
    service.archive(caller.workspace_id, template_id, caller.actor)


@api.get(
    "/templates/<int:template_id>/versions",
    permission="campaigns.view",
    query=ListQuery,
    returns=Page[VersionOut],
    summary="List the versions of a template, newest first",
)
def list_versions(caller: Principal, template_id: int, query: ListQuery) -> dict[str, Any]:
    """Return what the template said, and who wrote it."""
    row = templates.get_template(caller.workspace_id, template_id)
    rows, following = templates.versions(caller.workspace_id, row.id, query.cursor, query.limit)
    return {"items": list(rows), "next": following}


@api.post(
    "/templates/<int:template_id>/render",
    permission="campaigns.view",
    body=RenderIn,
    returns=RenderOut,
    summary="Render a template for a customer",
)
def render_template(caller: Principal, template_id: int, body: RenderIn) -> dict[str, Any]:
    """Return the mail as this customer would get it. Nothing is sent. Naming a customer needs the permission customers.view too."""
    if body.customer_id is not None and not caller.can("customers.view"):
        raise Forbidden(permission="customers.view")
    found = previews.preview_saved(caller.workspace_id, template_id, body.version, body.customer_id)
    mail = found.mail
    return {
        "subject": mail.subject,
        "preheader": mail.preheader,
        "html": mail.html,
        "text": mail.text,
        "warnings": list(found.findings.warnings()),
    }


def _with_words(row: Template) -> TemplateOut:
    words = templates.get_version(row.workspace_id, row.id, row.version)
    given = TemplateSummary.model_validate(row, from_attributes=True).model_dump()
    return TemplateOut(**given, subject=words.subject, preheader=words.preheader, body=words.body, text=words.text)
