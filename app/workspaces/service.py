"""Making and changing workspaces and their brands."""

import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.core import files, registry
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Invalid, NotFound
from app.events.service import publish
from app.workspaces import logo, queries
from app.workspaces.events import ConversionWindowChanged
from app.workspaces.models import Brand, Workspace
from app.workspaces.schemas import BrandIn, WorkspaceIn, WorkspaceSettings

_SETTINGS = ("name", "currency", "zone", "locale")
_BRAND = ("name", "colour", "accent", "from_name", "from_email", "reply_to", "postal_address", "zone", "currency")


def create(data: WorkspaceIn, by: Actor) -> Workspace:
    """Make a workspace and a first brand of the same name, and return it. Members come from the auth room."""
    row = Workspace(
        name=data.name, slug=_free_slug(data.name), sandbox=data.sandbox, currency=data.currency, zone=data.zone, locale=data.locale
    )
    session().add(row)
    session().flush()
    audit.record(row.id, by, "workspace.created", ("workspace", row.id, row.name), None, _fields(row, _SETTINGS) | {"sandbox": row.sandbox})
    create_brand(row.id, BrandIn(name=data.name), by)
    for furnish in registry.workspace_made:
        furnish(row.id)
    return row


def update(workspace_id: int, data: WorkspaceSettings, by: Actor) -> Workspace:
    """Change name, currency, zone, locale and window. Raises Invalid where amounts already stand in the present currency."""
    row = queries.get_workspace(workspace_id)
    if data.currency != row.currency:
        _check_currency_is_free(workspace_id)
    days = row.conversion_days
    _change(workspace_id, row, data.model_dump(exclude_none=True), by, "workspace")
    if row.conversion_days != days:
        publish(ConversionWindowChanged(workspace_id, row.conversion_days), by)
    return row


def _check_currency_is_free(workspace_id: int) -> None:
    for reason in filter(None, (why(workspace_id) for why in registry.currency_uses)):
        raise Invalid({"currency": reason})


def create_brand(workspace_id: int, data: BrandIn, by: Actor) -> Brand:
    """Add a brand. Raises Invalid where the name is taken."""
    row = Brand(workspace_id=workspace_id, **data.model_dump())
    with _names_stay_unique():
        session().add(row)
        session().flush()
    audit.record(workspace_id, by, "brand.created", ("brand", row.id, row.name), None, _fields(row, _BRAND))
    return row


def update_brand(workspace_id: int, brand_id: int, data: BrandIn, by: Actor) -> Brand:
    """Change a brand. Raises Invalid where the name is taken, NotFound."""
    row = get(Brand, workspace_id, brand_id)
    with _names_stay_unique():
        _change(workspace_id, row, data.model_dump(), by, "brand")
    return row


def delete_brand(workspace_id: int, brand_id: int, by: Actor) -> None:
    """Remove a brand and its logo. The last brand stays. Raises Invalid, NotFound."""
    queries.lock_workspace(workspace_id)
    row = get(Brand, workspace_id, brand_id)
    if len(queries.list_brands(workspace_id)) == 1:
        raise Invalid({"": "A workspace keeps at least one brand: it is what mail and pages show as sender."})
    audit.record(workspace_id, by, "brand.deleted", ("brand", row.id, row.name), _fields(row, _BRAND), None)
    if row.logo_file_id:
        files.delete(workspace_id, row.logo_file_id)
    session().delete(row)
    session().flush()


def set_logo(workspace_id: int, brand_id: int, picture: IO[bytes], by: Actor) -> Brand:
    """Keep a PNG, JPEG, GIF or WebP of at most 1 MB as the brand's logo. Raises Invalid, NotFound. Commits as it goes."""
    get(Brand, workspace_id, brand_id)
    data = picture.read(logo.LIMIT + 1)
    kind = logo.type_of(data[:12])
    if not data:
        raise Invalid({"logo": "Choose a picture."})
    if len(data) > logo.LIMIT:
        raise Invalid({"logo": "The picture is larger than 1 MB."})
    if kind is None:
        raise Invalid({"logo": "A logo is a PNG, JPEG, GIF or WebP picture."})
    kept = files.create(workspace_id, f"logo-{brand_id}", kind, [data], logo.LIMIT)
    row = get(Brand, workspace_id, brand_id, lock=True)
    before, row.logo_file_id = row.logo_file_id, kept.id
    session().flush()
    if before:
        files.delete(workspace_id, before)
    audit.record(workspace_id, by, "brand.logo_changed", ("brand", row.id, row.name), {"logo": before}, {"logo": kept.id})
    return row


def remove_logo(workspace_id: int, brand_id: int, by: Actor) -> Brand:
    """Take the logo away, if there is one. Raises NotFound."""
    row = get(Brand, workspace_id, brand_id, lock=True)
    before, row.logo_file_id = row.logo_file_id, None
    session().flush()
    if before:
        files.delete(workspace_id, before)
        audit.record(workspace_id, by, "brand.logo_removed", ("brand", row.id, row.name), {"logo": before}, {"logo": None})
    return row


def read_logo(workspace_id: int, brand_id: int) -> tuple[bytes, str]:
    """Return a brand's logo (at most 1 MB) and its type. Raises NotFound where it has none."""
    row = get(Brand, workspace_id, brand_id)
    if row.logo_file_id is None:
        noun = "logo"
        raise NotFound(noun)
    kept = get(files.File, workspace_id, row.logo_file_id)
    return files.open_file(workspace_id, kept.id).read(), kept.content_type


def _change(workspace_id: int, row: Workspace | Brand, values: Mapping[str, Any], by: Actor, kind: str) -> None:
    """Set the values that differ and note the act, if anything did."""
    before, after = audit.changed(_fields(row, tuple(values)), values)
    if not after:
        return
    for name, value in after.items():
        setattr(row, name, value)
    session().flush()
    audit.record(workspace_id, by, f"{kind}.updated", (kind, row.id, row.name), before, after)


def _fields(row: Workspace | Brand, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


@contextmanager
def _names_stay_unique() -> Iterator[None]:
    try:
        yield
    except IntegrityError as problem:
        raise Invalid({"name": "Another brand has this name."}) from problem


def _free_slug(name: str) -> str:
    """Return the name in plain letters, with something behind it where that is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "workspace"
    return f"{slug}-{secrets.token_hex(3)}" if queries.find_by_slug(slug) else slug
