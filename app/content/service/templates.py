"""Making, changing, copying and putting away templates."""

from typing import Any

from app.audit import service as audit
from app.content.events import TemplateArchived, TemplateCreated, TemplateUpdated
from app.content.models import Template, TemplateVersion
from app.content.queries import templates
from app.content.queries.brands import brand_facts
from app.content.queries.people import vocabulary
from app.content.render.compiled import Source, compile_source
from app.content.schemas import TemplateIn, TemplatePatch
from app.core.actor import Actor
from app.core.db import get, session, unless_taken
from app.core.errors import Conflict, Invalid
from app.core.time import now
from app.events.service import publish

MOST = 1_000
"""Templates of a workspace that are offered."""
WORDS = ("subject", "preheader", "body", "text")
_NAME_TAKEN = Invalid({"name": "Another template has this name."})


def create(workspace_id: int, given: TemplateIn, by: Actor) -> Template:
    """Make a template with its first version. Raises Invalid with the line of what is wrong."""
    if templates.count(workspace_id) >= MOST:
        raise Invalid({"": f"{MOST:,} templates are the most. Archive some."})
    _check(workspace_id, given.kind, {name: getattr(given, name) for name in WORDS})
    row = Template(workspace_id=workspace_id, name=given.name, kind=given.kind)
    with unless_taken("uq_templates_name", _NAME_TAKEN):
        session().add(row)
        session().flush()
    version = _add_version(row, {name: getattr(given, name) for name in WORDS}, by)
    audit.record(workspace_id, by, "template.created", _subject(row), None, _state(row, version))
    publish(TemplateCreated(workspace_id, row.id), by)
    return row


def update(workspace_id: int, template_id: int, given: TemplatePatch, by: Actor) -> Template:
    """Change the name or the words; words that differ make a new version. Raises NotFound, Invalid, and Conflict where somebody was faster."""
    row = _open(workspace_id, template_id, given.version)
    old = templates.get_version(workspace_id, template_id, row.version)
    before = _state(row, old)
    asked = given.model_dump(exclude_unset=True, exclude={"version"})
    words = {name: asked.get(name, getattr(old, name)) for name in WORDS}
    words |= {name: getattr(old, name) for name in WORDS if words[name] is None and name != "text"}
    if words != {name: getattr(old, name) for name in WORDS}:
        _check(workspace_id, row.kind, words)
        row.version += 1
        old = _add_version(row, words, by)
    return _finish(row, given.name or row.name, before, old, by)


def restore(workspace_id: int, template_id: int, number: int, by: Actor) -> Template:
    """Make the words of an old version the newest one. Raises NotFound, and Invalid where they name a field that is gone."""
    old = templates.get_version(workspace_id, template_id, number)
    return update(workspace_id, template_id, TemplatePatch.model_construct(**{name: getattr(old, name) for name in WORDS}), by)


def archive(workspace_id: int, template_id: int, by: Actor) -> None:
    """Offer a template no more. What was sent with it keeps its words; its name is free again. Raises NotFound."""
    row = get(Template, workspace_id, template_id, lock=True)
    if row.archived_at is None:
        row.archived_at = row.updated_at = now()
        session().flush()
        audit.record(workspace_id, by, "template.archived", _subject(row))
        publish(TemplateArchived(workspace_id, row.id), by)


def unarchive(workspace_id: int, template_id: int, by: Actor) -> Template:
    """Offer a template again. Raises NotFound, and Invalid where its name is taken by now."""
    row = get(Template, workspace_id, template_id, lock=True)
    if row.archived_at is not None:
        with unless_taken("uq_templates_name", Invalid({"": f"Another template is called “{row.name}” now. Rename that one first."})):
            row.archived_at, row.updated_at = None, now()
            session().flush()
        audit.record(workspace_id, by, "template.unarchived", _subject(row))
        publish(TemplateUpdated(workspace_id, row.id, row.version), by)
    return row


def duplicate(workspace_id: int, template_id: int, by: Actor) -> Template:
    """Make a template with the newest words of another one. Raises NotFound."""
    row = templates.get_template(workspace_id, template_id)
    words = templates.get_version(workspace_id, template_id, row.version)
    given = {name: getattr(words, name) for name in WORDS} | {"name": _copy_name(workspace_id, row.name), "kind": row.kind}
    return create(workspace_id, TemplateIn.model_construct(**given), by)


def _copy_name(workspace_id: int, name: str) -> str:
    """Return a free name: `Welcome, copy`, `Welcome, copy 2`."""
    for number in range(1, MOST + 2):
        ending = ", copy" if number == 1 else f", copy {number}"
        found = name[: 200 - len(ending)] + ending
        if not templates.taken(workspace_id, found):
            return found
    raise _NAME_TAKEN


def _open(workspace_id: int, template_id: int, version: int | None) -> Template:
    row = get(Template, workspace_id, template_id, lock=True)
    if version is not None and version != row.version:
        raise Conflict("Somebody changed this template since you opened it. Open it again, then make your change.")
    if row.archived_at is not None:
        raise Conflict("This template is archived. Take it out of the archive to change it.")
    return row


def _check(workspace_id: int, kind: str, words: dict[str, Any]) -> None:
    compile_source(Source(kind=kind, **words), vocabulary(workspace_id), brand_facts(workspace_id), {})


def _add_version(row: Template, words: dict[str, Any], by: Actor) -> TemplateVersion:
    version = TemplateVersion(workspace_id=row.workspace_id, template_id=row.id, number=row.version, by=by.name, **words)
    session().add(version)
    session().flush()
    return version


def _finish(row: Template, name: str, before: dict[str, Any], version: TemplateVersion, by: Actor) -> Template:
    """Write down what changed, if anything did."""
    row.name = name
    was, became = audit.changed(before, _state(row, version))
    if not became:
        return row
    row.updated_at = now()
    with unless_taken("uq_templates_name", _NAME_TAKEN):
        session().flush()
    audit.record(row.workspace_id, by, "template.updated", _subject(row), was, became)
    publish(TemplateUpdated(row.workspace_id, row.id, row.version), by)
    return row


def _state(row: Template, version: TemplateVersion) -> dict[str, Any]:
    """Return what the audit log keeps: the words themselves stand in the versions."""
    return {"name": row.name, "version": row.version, "subject": version.subject, "preheader": version.preheader}


def _subject(row: Template) -> tuple[str, int, str]:
    return ("template", row.id, row.name)
