"""Custom fields: made, renamed, removed with their values."""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.audit import service as audit
from app.core import registry
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import Conflict, Invalid
from app.core.registry import Use
from app.core.time import now
from app.customers import fields
from app.customers.coerce import coerce_all
from app.customers.events import FieldDeleted
from app.customers.models import Customer, CustomerField, SavedView
from app.customers.queries import fields as queries
from app.customers.queries.place import place
from app.customers.schemas.fields import FieldIn, FieldPatch
from app.customers.service.computed import changed_rows
from app.customers.values import PREFIX
from app.events.service import publish

MOST = 500
"""Custom fields of a workspace."""
_STEP = 20_000
"""Customers looked at in one step of stripping."""


def create(workspace_id: int, given: FieldIn, by: Actor) -> CustomerField:
    """Make a custom field. Raises Invalid where the key is taken, or by a removed field whose values are still being stripped."""
    if len(queries.list_fields(workspace_id)) >= MOST:
        raise Invalid({"": f"{MOST} custom fields are the most."})
    values = {"key": given.key, "label": given.label, "type": given.type, "choices": list(given.choices) or None}
    made = insert(CustomerField).values(workspace_id=workspace_id, **values).on_conflict_do_nothing().returning(CustomerField)
    row = session().scalars(made).one_or_none()
    if row is None:
        raise Invalid({"key": "There is a field with this key, or one is being removed just now."})
    audit.record(workspace_id, by, "field.created", ("field", row.id, row.label), None, values)
    return row


def update(workspace_id: int, field_id: int, given: FieldPatch, by: Actor) -> CustomerField:
    """Change the label and the choices; key and type stay, because rules and values rely on them. Raises NotFound."""
    row = queries.get_field(workspace_id, field_id)
    changes = given.model_dump(exclude_unset=True)
    if "choices" in changes:
        changes["choices"] = changes["choices"] or None
    before, after = audit.changed({name: getattr(row, name) for name in changes}, changes)
    for name, value in after.items():
        setattr(row, name, value)
    session().flush()
    if after:
        audit.record(workspace_id, by, "field.updated", ("field", row.id, row.label), before, after)
    return row


def uses(workspace_id: int, row: CustomerField) -> list[Use]:
    """Return what names this field: saved views of this room, and whatever higher rooms report."""
    pattern = re.compile(rf"(^|&)fields\.{re.escape(row.key)}=")
    views = session().scalars(sa.select(SavedView).where(SavedView.workspace_id == workspace_id).order_by(SavedView.name))
    found = [Use(f"View “{view.name}”", f"/customers?view={view.id}") for view in views if pattern.search(view.query)]
    return found + [use for find in registry.field_uses for use in find(workspace_id, PREFIX + row.key)]


def delete(workspace_id: int, field_id: int, by: Actor) -> None:
    """Remove a custom field; its values are stripped by a job. Raises Conflict while anything uses it, NotFound."""
    row = queries.get_field(workspace_id, field_id)
    used = uses(workspace_id, row)
    if used:
        names = ", ".join(use.label for use in used[:5]) + (" and others" if len(used) > 5 else "")  # noqa: PLR2004 (enough to begin with)
        raise Conflict(f"{row.label} is used by {names}. Take it out there first.")
    row.removed_at = now()
    session().flush()
    audit.record(workspace_id, by, "field.deleted", ("field", row.id, row.label), {"key": row.key, "type": row.type}, None)
    publish(FieldDeleted(workspace_id, row.id, row.key), by)


def strip(workspace_id: int, field_id: int) -> bool:
    """Take the values of a removed field from the next customers; True while there are more. At the end its key is free again."""
    mine = (CustomerField.workspace_id == workspace_id, CustomerField.id == field_id, CustomerField.removed_at.is_not(None))
    row = session().scalars(sa.select(CustomerField).where(*mine)).one_or_none()
    if row is None:
        return False
    after = (Customer.workspace_id == workspace_id, Customer.id > row.stripped_to)
    following = sa.select(Customer.id).where(*after).order_by(Customer.id).limit(_STEP).subquery()
    last = session().scalar(sa.select(sa.func.max(following.c.id)))
    if last is None:
        session().delete(row)
        session().flush()
        return False
    changed_rows(
        sa.update(Customer)
        .where(*after, Customer.id <= last, Customer.attributes.has_key(row.key))
        .values(attributes=Customer.attributes.op("-")(row.key), version=Customer.version + 1, updated_at=now())
    )
    row.stripped_to = last
    session().flush()
    return True


def check_values(workspace_id: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return custom values by key as they are kept, None for one to be removed. Raises Invalid by path (`fields.points`)."""
    if not given:
        return {}
    kept, errors = coerce_all(fields.custom(workspace_id), given, place(workspace_id), PREFIX)
    if errors:
        raise Invalid(errors)
    return kept
