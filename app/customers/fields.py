"""The field registry: every field that a filter, a rule, a form or a file may name, with its type and where it is kept."""

from app.customers.models import CustomerField
from app.customers.queries.fields import list_fields
from app.customers.values import CONSENT, PREFIX, PROFILE, STATS, TAGS, FieldInfo

__all__ = ["CONSENT", "PROFILE", "STATS", "TAGS", "FieldInfo", "custom", "registry"]


def registry(workspace_id: int) -> dict[str, FieldInfo]:
    """Return every field of a workspace by path: profile, tags, consent, computed, then custom by label."""
    return {info.path: info for info in (*PROFILE, TAGS, CONSENT, *STATS)} | custom(workspace_id)


def custom(workspace_id: int) -> dict[str, FieldInfo]:
    """Return the custom fields by path (`fields.points`), in the order of their labels."""
    return {info.path: info for info in map(describe, list_fields(workspace_id))}


def describe(row: CustomerField) -> FieldInfo:
    """Return a custom field as the registry lists it."""
    return FieldInfo(PREFIX + row.key, row.label, row.type, "custom", tuple(row.choices or ()), id=row.id)
