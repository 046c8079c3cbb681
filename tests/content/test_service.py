"""Making, changing, restoring, copying and putting away templates."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.models import AuditEntry
from app.content.models import Template
from app.content.queries import templates as queries
from app.content.schemas import TemplatePatch
from app.content.service import templates
from app.content.starters import STARTERS
from app.core.db import any_workspace
from app.core.errors import Conflict, Invalid, NotFound
from app.events.models import Outbox
from tests.factories.content import SYSTEM, WORDS, a_template
from tests.factories.customers import a_field, a_workspace


@pytest.fixture
def place(session: Session) -> int:
    return a_workspace().id


def patch(row: Template, **changes: Any) -> Template:
    return templates.update(row.workspace_id, row.id, TemplatePatch.model_validate(changes), SYSTEM)


def said(session: Session, row: Template) -> list[tuple[int, str, str | None]]:
    return [(one.number, one.subject, one.text) for one in queries.versions(row.workspace_id, row.id, None, 50)[0]][::-1]


def news(session: Session) -> list[tuple[str, Any]]:
    rows = session.scalars(any_workspace(sa.select(Outbox)).order_by(Outbox.created_at, Outbox.name)).all()
    return [(row.name, row.payload) for row in rows if row.name.startswith("Template")]


def test_a_new_template_has_a_first_version_a_trace_and_an_event(place: int, session: Session) -> None:
    row = a_template(place, name="Welcome", text="Hello")
    assert (row.version, said(session, row)) == (1, [(1, WORDS["subject"], "Hello")])
    entry = session.scalars(any_workspace(sa.select(AuditEntry)).where(AuditEntry.action == "template.created")).one()
    assert (entry.workspace_id, entry.after["name"], entry.after["version"]) == (place, "Welcome", 1)
    assert news(session) == [("TemplateCreated", {"template_id": row.id})]


def test_words_that_differ_make_a_version_a_name_makes_none_and_the_same_makes_nothing(place: int, session: Session) -> None:
    row = a_template(place)
    patch(row, subject=WORDS["subject"], body=WORDS["body"], text=None, name=row.name)
    assert (row.version, len(news(session))) == (1, 1)
    patch(row, name="Other")
    assert (row.version, row.name) == (1, "Other")
    patch(row, text="By hand", subject=None)
    patch(row, text="")
    assert said(session, row) == [(1, WORDS["subject"], None), (2, WORDS["subject"], "By hand"), (3, WORDS["subject"], None)]
    assert [payload.get("version") for _, payload in news(session)] == [None, 1, 2, 3]


def test_who_comes_too_late_is_told_and_an_archived_one_does_not_change(place: int) -> None:
    row = a_template(place)
    patch(row, subject="Second", version=1)
    with pytest.raises(Conflict, match="Somebody changed this template"):
        patch(row, subject="Third", version=1)
    templates.archive(place, row.id, SYSTEM)
    with pytest.raises(Conflict, match="archived"):
        patch(row, subject="Third")


def test_an_old_version_comes_back_as_a_new_one(place: int, session: Session) -> None:
    row = a_template(place, subject="One", text="first")
    patch(row, subject="Two", text=None)
    templates.restore(place, row.id, 1, SYSTEM)
    assert said(session, row) == [(1, "One", "first"), (2, "Two", None), (3, "One", "first")]
    templates.restore(place, row.id, 1, SYSTEM)
    assert row.version == 3
    with pytest.raises(NotFound):
        templates.restore(place, row.id, 9, SYSTEM)


def test_words_that_name_a_field_which_is_gone_are_not_restored(place: int) -> None:
    plan = a_field(place, "plan")
    row = a_template(place, subject="{{ customer.fields.plan }}")
    patch(row, subject="Plain")
    plan.key = "plans"
    with pytest.raises(Invalid) as no:
        templates.restore(place, row.id, 1, SYSTEM)
    assert no.value.errors == {"subject": "Line 1: there is no field customer.fields.plan. Is it customer.fields.plans?"}


def test_the_page_of_a_field_says_which_templates_use_it(place: int) -> None:
    a_field(place, "plan")
    a_field(place, "plans")
    uses = a_template(place, name="Uses", body="<p>{% if customer.fields . plan %}x{% endif %}</p>")
    used = a_template(place, name="Used once", subject="{{ customer.fields.plan }}")
    patch(used, subject="no more")
    a_template(place, name="Another", body="<p>{{ customer.fields.plans }}</p>")
    a_template(a_workspace().id, name="Elsewhere")
    assert [use.label for use in queries.naming(place, "fields.plan")] == ["template “Uses”"]
    templates.archive(place, uses.id, SYSTEM)
    assert queries.naming(place, "fields.plan") == []


def test_names_are_unique_among_those_in_use(place: int) -> None:
    first = a_template(place, name="Welcome")
    a_template(a_workspace().id, name="Welcome")
    with pytest.raises(Invalid, match="Another template has this name"):
        a_template(place, name="welcome")
    templates.archive(place, first.id, SYSTEM)
    second = a_template(place, name="welcome")
    with pytest.raises(Invalid, match="Another template is called “Welcome” now"):
        templates.unarchive(place, first.id, SYSTEM)
    patch(second, name="Renamed")
    assert templates.unarchive(place, first.id, SYSTEM).archived_at is None


def test_archiving_is_told_once_and_a_copy_finds_a_name_of_its_own(place: int, session: Session) -> None:
    row = a_template(place, name="Welcome", kind="markdown", body="# Hi")
    copies = [templates.duplicate(place, row.id, SYSTEM) for _ in range(2)]
    assert [(copy.name, copy.kind, copy.version) for copy in copies] == [
        ("Welcome, copy", "markdown", 1),
        ("Welcome, copy 2", "markdown", 1),
    ]
    assert len(templates.duplicate(place, a_template(place, name="x" * 200).id, SYSTEM).name) == 200
    templates.archive(place, row.id, SYSTEM)
    templates.archive(place, row.id, SYSTEM)
    assert [name for name, _ in news(session)].count("TemplateArchived") == 1
    with pytest.raises(NotFound):
        templates.archive(a_workspace().id, row.id, SYSTEM)


@pytest.mark.parametrize("starter", [one for one in STARTERS if one.body], ids=lambda one: one.key)
def test_every_starter_may_be_saved_as_it_is(place: int, starter: Any) -> None:
    made = a_template(place, name=starter.name, kind=starter.kind, subject=starter.subject, preheader=starter.preheader, body=starter.body)
    assert made.version == 1
    assert starter.body.count("\n") <= 75
