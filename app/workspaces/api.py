"""The workspace and its brands for programs."""

from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.workspaces import queries, service
from app.workspaces.models import Brand
from app.workspaces.schemas import BrandIn, BrandOut, WorkspaceOut, WorkspaceSettings

api = Api("workspaces", __name__)


@api.get("/workspace", "settings.view", returns=WorkspaceOut, summary="Show the workspace")
def show(caller: Principal) -> WorkspaceOut:
    """Return the workspace of the key, token or session."""
    return WorkspaceOut.model_validate(queries.get_workspace(caller.workspace_id))


@api.put("/workspace", "settings.edit", body=WorkspaceSettings, returns=WorkspaceOut, summary="Change the workspace")
def update(caller: Principal, body: WorkspaceSettings) -> WorkspaceOut:
    """Change name, currency, zone, locale and the window of conversions."""
    return WorkspaceOut.model_validate(service.update(caller.workspace_id, body, caller.actor))


@api.get("/brands", "settings.view", returns=Page[BrandOut], summary="List the brands")
def list_brands(caller: Principal) -> Page[BrandOut]:
    """Return the brands by name. There are few: one page."""
    return Page(items=[_out(row) for row in queries.list_brands(caller.workspace_id)])


@api.post("/brands", "settings.edit", body=BrandIn, returns=BrandOut, status=201, summary="Add a brand")
def create_brand(caller: Principal, body: BrandIn) -> BrandOut:
    """Add a brand."""
    return _out(service.create_brand(caller.workspace_id, body, caller.actor))


@api.get("/brands/<int:brand_id>", "settings.view", returns=BrandOut, summary="Show a brand")
def show_brand(caller: Principal, brand_id: int) -> BrandOut:
    """Return a brand."""
    return _out(queries.get_brand(caller.workspace_id, brand_id))


@api.put("/brands/<int:brand_id>", "settings.edit", body=BrandIn, returns=BrandOut, summary="Change a brand")
def update_brand(caller: Principal, brand_id: int, body: BrandIn) -> BrandOut:
    """Change a brand; fields left out are emptied."""
    return _out(service.update_brand(caller.workspace_id, brand_id, body, caller.actor))


@api.delete("/brands/<int:brand_id>", "settings.edit", summary="Delete a brand")
def delete_brand(caller: Principal, brand_id: int) -> None:
    """Delete a brand; the last one stays."""
    service.delete_brand(caller.workspace_id, brand_id, caller.actor)


def _out(row: Brand) -> BrandOut:
    fields = {name: getattr(row, name) for name in BrandIn.model_fields}
    logo = f"/settings/brands/{row.id}/logo" if row.logo_file_id else None
    return BrandOut(**fields, id=row.id, logo=logo, created_at=row.created_at)
