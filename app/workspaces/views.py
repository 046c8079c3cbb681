"""Settings of the workspace, and its brands."""

import io
from typing import Any

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue

from app.core import registry
from app.core.errors import Invalid
from app.core.registry import NavItem, SettingsPart
from app.core.web.flash import flash
from app.core.web.form import Form
from app.core.web.pages import Pages, redirect
from app.core.web.principal import Principal
from app.workspaces import queries, service
from app.workspaces.schemas import LOCALES, BrandIn, WorkspaceSettings, currencies, zones

pages = Pages("workspaces", __name__)


def init_app(_app: Flask) -> None:
    """Put the settings into the navigation, and their parts on their page."""
    registry.add(registry.nav, NavItem("Account", "Settings", "/settings", "settings", "settings.view", 900))
    for part in (
        SettingsPart(
            "Workspace", "Name, currency, time zone, figures and dates, conversions", "/settings/workspace", "building", "settings.view", 10
        ),
        SettingsPart("Brands", "What mail and pages show as sender", "/settings/brands", "palette", "settings.view", 20),
    ):
        registry.add(registry.settings, part)


@pages.get("/settings", "settings.view")
def settings(caller: Principal) -> ResponseReturnValue:
    """Show the parts of the settings that the caller may see."""
    parts = sorted((part for part in registry.settings if caller.can(part.permission)), key=lambda part: part.order)
    return render_template("settings/index.html", parts=parts)


@pages.get("/settings/workspace", "settings.view")
def show_workspace(caller: Principal) -> ResponseReturnValue:
    """Show name, currency, zone, locale and the window of conversions."""
    return _workspace(caller, Form(WorkspaceSettings, initial=queries.get_workspace(caller.workspace_id)))


@pages.post("/settings/workspace", "settings.edit")
def save_workspace(caller: Principal) -> ResponseReturnValue:
    """Change them."""
    form = Form(WorkspaceSettings, request.form)
    try:
        service.update(caller.workspace_id, form.parse(), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return _workspace(caller, form), 422
    flash("Saved.")
    return redirect("/settings/workspace")


@pages.get("/settings/brands", "settings.view")
def list_brands(caller: Principal) -> ResponseReturnValue:
    """Show the brands."""
    return render_template("workspaces/brands.html", brands=queries.list_brands(caller.workspace_id))


@pages.form("/settings/brands/new", "settings.edit")
def create_brand(caller: Principal) -> ResponseReturnValue:
    """Add a brand."""
    form = Form(BrandIn, request.form if request.method == "POST" else None)
    if request.method == "POST":
        try:
            row = service.create_brand(caller.workspace_id, form.parse(), caller.actor)
        except Invalid as no:
            form.refuse(no)
        else:
            flash(f"{row.name} is added.")
            return redirect(f"/settings/brands/{row.id}")
    return render_template("workspaces/brand_new.html", form=form, **_choices()), 422 if form.errors else 200


@pages.get("/settings/brands/<int:brand_id>", "settings.view")
def show_brand(caller: Principal, brand_id: int) -> ResponseReturnValue:
    """Show a brand."""
    return _brand(caller, brand_id, None)


@pages.post("/settings/brands/<int:brand_id>", "settings.edit")
def save_brand(caller: Principal, brand_id: int) -> ResponseReturnValue:
    """Change a brand."""
    form = Form(BrandIn, request.form)
    try:
        service.update_brand(caller.workspace_id, brand_id, form.parse(), caller.actor)
    except Invalid as no:
        form.refuse(no)
        return _brand(caller, brand_id, form), 422
    flash("Saved.")
    return redirect("/settings/brands")


@pages.post("/settings/brands/<int:brand_id>/delete", "settings.edit")
def delete_brand(caller: Principal, brand_id: int) -> ResponseReturnValue:
    """Remove a brand."""
    try:
        service.delete_brand(caller.workspace_id, brand_id, caller.actor)
    except Invalid as no:
        form = Form(BrandIn, initial=queries.get_brand(caller.workspace_id, brand_id))
        form.refuse(no)
        return _brand(caller, brand_id, form), 422
    flash("The brand is deleted.")
    return redirect("/settings/brands")


@pages.post("/settings/brands/<int:brand_id>/logo", "settings.edit")
def save_logo(caller: Principal, brand_id: int) -> ResponseReturnValue:
    """Keep a picture as the logo; the type is read from its bytes."""
    picture = request.files.get("logo")
    try:
        service.set_logo(caller.workspace_id, brand_id, picture.stream if picture else io.BytesIO(), caller.actor)
    except Invalid as no:
        form = Form(BrandIn, initial=queries.get_brand(caller.workspace_id, brand_id))
        form.refuse(no)
        return _brand(caller, brand_id, form), 422
    flash("The logo is kept.")
    return redirect(f"/settings/brands/{brand_id}")


@pages.post("/settings/brands/<int:brand_id>/logo/remove", "settings.edit")
def remove_logo(caller: Principal, brand_id: int) -> ResponseReturnValue:
    """Take the logo away."""
    service.remove_logo(caller.workspace_id, brand_id, caller.actor)
    flash("The logo is removed.")
    return redirect(f"/settings/brands/{brand_id}")


@pages.get("/settings/brands/<int:brand_id>/logo", "settings.view")
def logo(caller: Principal, brand_id: int) -> Response:
    """Send the logo, as the picture that its bytes were found to be, and as nothing else."""
    data, kind = service.read_logo(caller.workspace_id, brand_id)
    answer = Response(data, mimetype=kind)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=300"
    return answer


def _workspace(caller: Principal, form: Form[WorkspaceSettings]) -> str:
    row = queries.get_workspace(caller.workspace_id)
    return render_template("workspaces/settings.html", workspace=row, form=form, **_choices())


def _brand(caller: Principal, brand_id: int, form: Form[BrandIn] | None) -> str:
    row = queries.get_brand(caller.workspace_id, brand_id)
    return render_template("workspaces/brand.html", brand=row, form=form or Form(BrandIn, initial=row), **_choices())


def _choices() -> dict[str, Any]:
    return {"zones": zones(), "currencies": currencies(), "locales": list(LOCALES.items())}
