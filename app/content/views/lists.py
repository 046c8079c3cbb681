"""The list of templates, and what one does with a whole one: copy, put away, take out again."""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.content.queries import templates
from app.content.schemas import TemplateQuery
from app.content.service import templates as service
from app.core.errors import Invalid
from app.core.schemas import parse
from app.core.web.flash import flash
from app.core.web.form import nested
from app.core.web.pages import Pages, is_fragment, redirect
from app.core.web.principal import Principal

pages = Pages("templates", __name__)


@pages.get("/templates", permission="campaigns.view")
def list_templates(caller: Principal) -> ResponseReturnValue:
    """Show templates, those changed last first."""
    place = caller.workspace_id
    given = request.args.copy()
    if "q" in given:
        given["search"] = given.pop("q")
    query = parse(TemplateQuery, nested(TemplateQuery, given))
    rows, following = templates.page(place, query.cursor, query.limit, query.search, archived=query.archived)
    parts = {"templates": rows, "next": following, "query": query, "newest": templates.newest(place, rows)}
    if is_fragment():
        return render_template("templates/_list.html", **parts)
    counts = {"count": templates.count(place), "archived": templates.count(place, archived=True)}
    return render_template("templates/list.html", **parts, **counts)


@pages.post("/templates/<int:template_id>/duplicate", permission="content.edit")
def duplicate_template(caller: Principal, template_id: int) -> ResponseReturnValue:
    """Make another template of the same words."""
    try:
        made = service.duplicate(caller.workspace_id, template_id, caller.actor)
    except Invalid as no:
        return _refused(no, template_id)
    flash(f"This is “{made.name}”.")
    return redirect(f"/templates/{made.id}")


@pages.post("/templates/<int:template_id>/archive", permission="content.edit")
def archive_template(caller: Principal, template_id: int) -> ResponseReturnValue:
    """Offer a template no more."""
    name = templates.get_template(caller.workspace_id, template_id).name
    service.archive(caller.workspace_id, template_id, caller.actor)
    flash(f"Archived “{name}”.", undo_url=f"/templates/{template_id}/unarchive")
    return redirect("/templates")


@pages.post("/templates/<int:template_id>/unarchive", permission="content.edit")
def unarchive_template(caller: Principal, template_id: int) -> ResponseReturnValue:
    """Offer a template again."""
    try:
        service.unarchive(caller.workspace_id, template_id, caller.actor)
    except Invalid as no:
        return _refused(no, template_id)
    return redirect(f"/templates/{template_id}")


@pages.post("/templates/<int:template_id>/versions/<int:number>/restore", permission="content.edit")
def restore_version(caller: Principal, template_id: int, number: int) -> ResponseReturnValue:
    """Make an old version's words the newest."""
    try:
        row = service.restore(caller.workspace_id, template_id, number, caller.actor)
    except Invalid as no:
        return _refused(no, template_id)
    flash(f"Version {row.version} says what version {number} said.")
    return redirect(f"/templates/{template_id}")


def _refused(no: Invalid, template_id: int) -> ResponseReturnValue:
    """Say on the template's page why its words cannot be used as they are."""
    flash(" ".join(no.errors.values()), tone="bad")
    return redirect(f"/templates/{template_id}")
