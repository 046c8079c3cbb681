"""Templates and their versions: lists and names."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.content.models import Template, TemplateVersion
from app.core.db import after, decode_cursor, encode_cursor, get, session
from app.core.errors import NotFound
from app.core.registry import Use


def get_template(workspace_id: int, template_id: int) -> Template:
    """Return a template. Raises NotFound."""
    return get(Template, workspace_id, template_id)


def get_version(workspace_id: int, template_id: int, number: int) -> TemplateVersion:
    """Return one version of a template. Raises NotFound."""
    mine = (TemplateVersion.workspace_id == workspace_id, TemplateVersion.template_id == template_id, TemplateVersion.number == number)
    row = session().scalars(sa.select(TemplateVersion).where(*mine)).one_or_none() if number < 2**31 else None
    if row is None:
        raise NotFound(TemplateVersion.noun)
    return row


def page(
    workspace_id: int, cursor: str | None, limit: int, words: str = "", *, archived: bool = False
) -> tuple[Sequence[Template], str | None]:
    """Return templates, those changed last first, and the cursor of the next page."""
    wanted = sa.select(Template).where(Template.workspace_id == workspace_id)
    wanted = wanted.where(Template.archived_at.is_not(None) if archived else Template.archived_at.is_(None))
    if words:
        wanted = wanted.where(sa.func.lower(Template.name).contains(words.lower(), autoescape=True))
    if cursor:
        moment, number = decode_cursor(cursor, [datetime, int])
        wanted = wanted.where(after([(Template.updated_at, True), (Template.id, True)], [moment, number]))
    rows = session().scalars(wanted.order_by(Template.updated_at.desc(), Template.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return rows[:limit], encode_cursor([last.updated_at, last.id]) if last else None


def versions(workspace_id: int, template_id: int, cursor: str | None, limit: int) -> tuple[Sequence[TemplateVersion], str | None]:
    """Return the versions of a template, newest first, and the cursor of the next page."""
    wanted = sa.select(TemplateVersion).where(TemplateVersion.workspace_id == workspace_id, TemplateVersion.template_id == template_id)
    if cursor:
        wanted = wanted.where(after([(TemplateVersion.number, True)], decode_cursor(cursor, [int])))
    rows = session().scalars(wanted.order_by(TemplateVersion.number.desc()).limit(limit + 1)).all()
    return rows[:limit], encode_cursor([rows[limit - 1].number]) if len(rows) > limit else None


def newest(workspace_id: int, rows: Sequence[Template]) -> dict[int, TemplateVersion]:
    """Return the newest version of each of these templates, by template."""
    wanted = sa.select(TemplateVersion).where(
        TemplateVersion.workspace_id == workspace_id,
        sa.tuple_(TemplateVersion.template_id, TemplateVersion.number).in_([(row.id, row.version) for row in rows]),
    )
    return {row.template_id: row for row in session().scalars(wanted)}


def count(workspace_id: int, *, archived: bool = False) -> int:
    """Return how many templates there are."""
    which = Template.archived_at.is_not(None) if archived else Template.archived_at.is_(None)
    return session().scalar(sa.select(sa.func.count()).where(Template.workspace_id == workspace_id, which)) or 0


def named_like(workspace_id: int, words: str, limit: int = 5) -> Sequence[Template]:
    """Return templates with these letters in their name, for the search over everything."""
    wanted = sa.select(Template).where(Template.workspace_id == workspace_id, Template.archived_at.is_(None))
    found = wanted.where(sa.func.lower(Template.name).contains(words.lower(), autoescape=True))
    return session().scalars(found.order_by(sa.func.lower(Template.name)).limit(limit)).all()


def taken(workspace_id: int, name: str) -> bool:
    """Tell whether a template that is offered has this name."""
    mine = (Template.workspace_id == workspace_id, sa.func.lower(Template.name) == name.lower(), Template.archived_at.is_(None))
    return session().scalar(sa.select(sa.exists().where(*mine))) or False


def naming(workspace_id: int, path: str) -> list[Use]:
    """Return the templates whose newest version names a field of customers (`fields.points`), for the page of the field."""
    words = sa.func.concat_ws(" ", *(getattr(TemplateVersion, name) for name in ("subject", "preheader", "body", "text")))
    spelled = path.replace(".", r"\s*\.\s*")
    wanted = (
        sa.select(Template.id, Template.name)
        .join(
            TemplateVersion,
            sa.and_(
                TemplateVersion.workspace_id == workspace_id,
                TemplateVersion.template_id == Template.id,
                TemplateVersion.number == Template.version,
            ),
        )
        .where(Template.workspace_id == workspace_id, Template.archived_at.is_(None))
        .where(words.regexp_match(rf"\mcustomer\s*\.\s*{spelled}\M"))
        .order_by(sa.func.lower(Template.name))
    )
    return [Use(f"template “{row.name}”", f"/templates/{row.id}") for row in session().execute(wanted)]
