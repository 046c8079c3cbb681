"""Customers: made, changed, tagged, one at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Conflict, Invalid
from app.core.time import now
from app.customers.events import CustomerCreated, CustomerTagged, CustomerUpdated
from app.customers.imports.phones import read_phone
from app.customers.models import Customer
from app.customers.queries.customers import holder
from app.customers.schemas.customers import CustomerIn, CustomerPatch, Profile
from app.customers.service.consent import set_consent
from app.customers.service.fields import check_values
from app.customers.values import PREFIX, PROFILE
from app.events.service import publish

COLUMNS = tuple(info.path for info in PROFILE if info.editable)
_UNIQUE = {"uq_customers_email": "email", "uq_customers_external_id": "external_id"}
_NEEDED = "A customer needs an address, a phone or an external id."


def create(workspace_id: int, given: CustomerIn, by: Actor, *, origin: str = "api") -> Customer:
    """Make a customer, with the consent that came with them. Raises Invalid, naming who has the address or id already."""
    if not (given.email or given.phone or given.external_id):
        raise Invalid({"email": _NEEDED})
    custom = {key: value for key, value in check_values(workspace_id, given.fields).items() if value is not None}
    values = {name: getattr(given, name) for name in COLUMNS if name != "stage"}
    row = Customer(workspace_id=workspace_id, **values, tags=given.tags, attributes=custom, origin=origin)
    row.stage = given.stage or "subscriber"
    row.phone = _with_country(row.phone, row.country)
    with _named_conflicts(workspace_id, row.email, row.external_id):
        session().add(row)
        session().flush()
    after = {name: value for name, value in state_of(row).items() if value not in (None, [])}
    audit.record(workspace_id, by, "customer.created", subject_of(row), None, after)
    publish(CustomerCreated(workspace_id, row.id, origin), by)
    for consent in given.consent:
        set_consent(workspace_id, [row.id], consent, by)
    return row


def update(workspace_id: int, customer_id: int, given: CustomerPatch, by: Actor) -> Customer:
    """Change the fields that are given. Raises NotFound, Invalid, and Conflict where `version` is not the present one."""
    row = get(Customer, workspace_id, customer_id, lock=True)
    if given.version is not None and given.version != row.version:
        raise Conflict("Somebody changed this customer since you read it. Read it again, then send your change with the new version.")
    before = state_of(row)
    changes = _changes(workspace_id, row, given)
    email, external_id = changes.get("email", row.email), changes.get("external_id", row.external_id)
    if not (email or external_id or changes.get("phone", row.phone)):
        raise Invalid({"email": _NEEDED})
    with _named_conflicts(workspace_id, email, external_id):
        for name, value in changes.items():
            setattr(row, name, value)
        after = state_of(row)
        if after != before:
            row.version += 1
            row.updated_at = now()
        session().flush()
    if after != before:
        _note(workspace_id, row, before, after, by)
    return row


def tag(workspace_id: int, customer_id: int, add: Sequence[str], remove: Sequence[str], by: Actor) -> Customer:
    """Put tags on and take tags off; the others stay as they are. Raises NotFound, Invalid past a hundred tags."""
    row = get(Customer, workspace_id, customer_id, lock=True)
    tags = [tag for tag in dict.fromkeys((*row.tags, *add)) if tag not in remove]
    if len(tags) > 100:  # noqa: PLR2004 (as for all lists of tags)
        raise Invalid({"add": "100 tags are the most."})
    return update(workspace_id, customer_id, CustomerPatch(tags=tags), by)


def state_of(row: Customer) -> dict[str, Any]:
    """Return what people may change of a customer, by the names of the registry; attributes that are not there are missing."""
    profile = {name: getattr(row, name) for name in COLUMNS} | {"tags": list(row.tags)}
    return profile | {PREFIX + key: value for key, value in sorted(row.attributes.items())}


def subject_of(row: Customer) -> tuple[str, int, str]:
    """Return a customer as the audit log names them."""
    return ("customer", row.id, row.full_name)


def _changes(workspace_id: int, row: Customer, given: Profile) -> dict[str, Any]:
    named = given.model_fields_set
    changes = {name: getattr(given, name) for name in (*COLUMNS, "tags") if name in named}
    if "stage" in changes and changes["stage"] is None:
        del changes["stage"]
    if changes.get("phone"):
        changes["phone"] = _with_country(changes["phone"], changes.get("country", row.country))
    custom = check_values(workspace_id, given.fields)
    if custom:
        kept = {**row.attributes, **custom}
        changes["attributes"] = {key: value for key, value in kept.items() if value is not None}
    return changes


def _note(workspace_id: int, row: Customer, before: Mapping[str, Any], after: Mapping[str, Any], by: Actor) -> None:
    names = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    was, became = ({name: side.get(name) for name in names} for side in (before, after))
    audit.record(workspace_id, by, "customer.updated", subject_of(row), was, became)
    publish(CustomerUpdated(workspace_id, row.id, tuple(names)), by)
    if "tags" in names:
        added = tuple(tag for tag in after["tags"] if tag not in before["tags"])
        removed = tuple(tag for tag in before["tags"] if tag not in after["tags"])
        publish(CustomerTagged(workspace_id, row.id, added, removed), by)


def _with_country(phone: str | None, country: str | None) -> str | None:
    """Complete a national number where the country is known."""
    if not phone or phone.startswith("+") or not country:
        return phone
    return read_phone(phone, country)


@contextmanager
def _named_conflicts(workspace_id: int, email: str | None, external_id: str | None) -> Iterator[None]:
    """Turn a breach of a unique index into a refusal on the field that says who has the value."""
    try:
        with session().begin_nested():
            yield
    except IntegrityError as problem:
        field = _UNIQUE.get(getattr(getattr(problem.orig, "diag", None), "constraint_name", None) or "")
        if field is None:
            raise
        other = holder(workspace_id, email=email or "") if field == "email" else holder(workspace_id, external_id=external_id or "")
        who = f"{other.full_name} (customer {other.id})" if other else "Another customer"
        what = "address" if field == "email" else "external id"
        raise Invalid({field: f"{who} has this {what}."}) from problem
