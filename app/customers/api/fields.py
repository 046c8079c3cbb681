"""Custom fields, and the registry of all fields."""

from pydantic import BaseModel

from app.core.web.api import Api
from app.core.web.principal import Principal
from app.customers import fields
from app.customers.queries.fields import list_fields as list_rows
from app.customers.schemas.fields import FieldIn, FieldOut, FieldPatch, RegistryOut
from app.customers.service import fields as service

api = Api("fields", __name__)


class FieldsOut(BaseModel):
    """All custom fields."""

    items: list[FieldOut]


class AllFieldsOut(BaseModel):
    """All fields."""

    items: list[RegistryOut]


@api.get("/customers/fields", permission="customers.view", returns=FieldsOut, summary="List custom fields")
def list_fields(caller: Principal) -> FieldsOut:
    """Return the custom fields by label."""
    return FieldsOut(items=[FieldOut.model_validate(row) for row in list_rows(caller.workspace_id)])


@api.post("/customers/fields", permission="customers.edit", body=FieldIn, returns=FieldOut, status=201, summary="Create a custom field")
def create_field(caller: Principal, body: FieldIn) -> FieldOut:
    """Make a custom field."""
    return FieldOut.model_validate(service.create(caller.workspace_id, body, caller.actor))


@api.get("/customers/fields/all", permission="customers.view", returns=AllFieldsOut, summary="List every field that rules may name")
def list_all_fields(caller: Principal) -> AllFieldsOut:
    """Return profile, tags, consent, computed and custom fields."""
    return AllFieldsOut(items=[RegistryOut.model_validate(info) for info in fields.registry(caller.workspace_id).values()])


@api.patch(
    "/customers/fields/<int:field_id>", permission="customers.edit", body=FieldPatch, returns=FieldOut, summary="Rename a custom field"
)
def update_field(caller: Principal, field_id: int, body: FieldPatch) -> FieldOut:
    """Change label and choices."""
    return FieldOut.model_validate(service.update(caller.workspace_id, field_id, body, caller.actor))


@api.delete("/customers/fields/<int:field_id>", permission="customers.edit", summary="Delete a custom field and its values")
def delete_field(caller: Principal, field_id: int) -> None:
    """Delete a custom field that nothing uses."""
    service.delete(caller.workspace_id, field_id, caller.actor)
