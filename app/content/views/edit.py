"""The editor: a new template, and one that is there."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.content.models import Template
from app.content.queries import templates
from app.content.queries.people import vocabulary
from app.content.render.fields import Word
from app.content.schemas import TemplateForm, TemplateIn, TemplatePatch
from app.content.service import templates as service
from app.content.starters import STARTERS, Starter, find
from app.core.errors import Invalid
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal

pages = Pages("template_editor", __name__)
_WORDS = {"name", "subject", "preheader", "body", "text"}
_SHOWN = 10


@pages.form("/templates/new", permission="content.edit")
def new_template(caller: Principal) -> ResponseReturnValue:
    """Choose what to begin with, then write."""
    if request.method == "GET":
        starter = find(request.args.get("starter", ""))
        if starter is None:
            return render_template("templates/new.html", starters=STARTERS)
        return render_template("templates/edit.html", **_about(caller, None, Form(TemplateForm, initial=_initial(starter))))
    form = Form(TemplateForm, request.form)
    try:
        given = form.parse()
        fields = given.model_dump(include=_WORDS | {"kind"})
        made = service.create(caller.workspace_id, TemplateIn.model_construct(**fields), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return render_template("templates/edit.html", **_about(caller, None, form)), 422
    flash("Saved.")
    return redirect(f"/templates/{made.id}")


@pages.get("/templates/<int:template_id>", permission="campaigns.view")
def show_template(caller: Principal, template_id: int) -> ResponseReturnValue:
    """Show a template's newest words and how they look."""
    row = templates.get_template(caller.workspace_id, template_id)
    words = templates.get_version(caller.workspace_id, row.id, row.version)
    initial = {name: getattr(words, name) for name in service.WORDS} | {"name": row.name, "kind": row.kind, "version": row.version}
    return render_template("templates/edit.html", **_about(caller, row, Form(TemplateForm, initial=initial)))


@pages.post("/templates/<int:template_id>", permission="content.edit")
def save_template(caller: Principal, template_id: int) -> ResponseReturnValue:
    """Keep the words as a new version, if they differ."""
    row = templates.get_template(caller.workspace_id, template_id)
    form = Form(TemplateForm, request.form)
    try:
        given = form.parse()
        changes = given.model_dump(include=_WORDS) | {"version": given.version}
        saved = service.update(caller.workspace_id, row.id, TemplatePatch.model_construct(**changes), caller.actor)
    except Invalid as no:
        form.refuse(no)
        row = templates.get_template(caller.workspace_id, template_id)
        return render_template("templates/edit.html", **_about(caller, row, form)), 422
    flash(f"Saved as version {saved.version}.")
    return redirect(f"/templates/{saved.id}")


def _initial(starter: Starter) -> dict[str, Any]:
    named = {"name": "" if starter.key == "empty" else starter.name}
    return named | {name: getattr(starter, name) for name in ("kind", "subject", "preheader", "body")}


def _about(caller: Principal, row: Template | None, form: Form[Any]) -> dict[str, Any]:
    """Return what the editor shows."""
    before = templates.versions(caller.workspace_id, row.id, None, _SHOWN)[0] if row else []
    return {
        "template": row,
        "form": form,
        "kind": row.kind if row else form.value("kind", "html"),
        "groups": _groups(list(vocabulary(caller.workspace_id).names.values())),
        "versions": before,
        "may_edit": caller.can("content.edit") and not (row and row.archived_at),
    }


def _groups(words: list[Word]) -> list[tuple[str, list[Word]]]:
    """Return the names for the menu, by where they come from."""
    heads = {"customer.fields.": "Your fields", "customer.stats.": "What they did", "customer.": "Customer", "": "The mail"}
    groups: dict[str, list[Word]] = {name: [] for name in ("Customer", "Your fields", "What they did", "The mail")}
    for word in words:
        groups[next(name for begin, name in heads.items() if word.path.startswith(begin))].append(word)
    return [(name, found) for name, found in groups.items() if found]
