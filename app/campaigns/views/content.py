"""The first step of the builder: what it says, who sends it, what it costs. For a new campaign and for one that is there."""

from decimal import Decimal
from typing import Any

from flask import render_template

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns
from app.campaigns.schemas import ContentForm
from app.campaigns.service import trial
from app.core.errors import Invalid
from app.core.web.form import Form
from app.core.web.format import of_request
from app.core.web.principal import Principal
from app.customers.coerce import Place, coerce, decimals, sentence
from app.customers.values import FieldInfo
from app.delivery.queries import senders


def fields(given: ContentForm) -> dict[str, Any]:
    """Return what the form says, but for amounts, as the schemas of a campaign take it."""
    utm = {"source": given.utm_source, "medium": given.utm_medium, "campaign": given.utm_campaign}
    kept = given.model_dump(include={"name", "template_id", "sender_id", "simulate"})
    return kept | ({"utm": utm} if any(utm.values()) else {})


def money(caller: Principal, given: ContentForm) -> dict[str, int | None]:
    """Return cost and goal in minor units. Raises Invalid."""
    errors: dict[str, str] = {}
    found: dict[str, int | None] = {"cost": 0, "goal": None}
    place = Place(currency=caller.workspace.currency if caller.workspace else "USD")
    for name in found:
        try:
            kept = coerce(FieldInfo(name, name.capitalize(), "money", "custom"), getattr(given, name), place)
        except ValueError as problem:
            errors[name] = sentence(problem)
            continue
        if isinstance(kept, int):
            found[name] = kept
            if kept < 0:
                errors[name] = "This cannot be below zero."
    if errors:
        raise Invalid(errors)
    return found


def first_values(caller: Principal) -> dict[str, Any]:
    """Return what stands in the form of a new campaign."""
    sender = senders.find_default(caller.workspace_id)
    sandbox = bool(caller.workspace and caller.workspace.sandbox)
    return {"sender_id": sender.id if sender else None, "simulate": sandbox, "utm_source": "fairlead", "utm_medium": "email"}


def values_of(row: Campaign) -> dict[str, Any]:
    """Return what stands in the form of a campaign that is there."""
    kept = {name: getattr(row, name) for name in ("name", "template_id", "sender_id", "simulate", "version")}
    amounts = {"cost": major(row.cost) if row.cost else "", "goal": major(row.goal)}
    return kept | amounts | {f"utm_{part}": row.utm.get(part, "") for part in ("source", "medium", "campaign")}


def major(minor: int | None) -> str:
    """Return an amount as the form reads it back under any locale: `1240.50`."""
    if minor is None:
        return ""
    digits = decimals(of_request().currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def content_page(caller: Principal, form: Form[ContentForm], row: Campaign | None) -> str:
    """Show the step."""
    chosen = form.value("template_id")
    number = int(chosen) if str(chosen).isdecimal() and len(str(chosen)) < 19 else None  # noqa: PLR2004 (fits bigint)
    words = campaigns.template_words(caller.workspace_id, number) if number else None
    return render_template(
        "campaigns/build.html",
        step="content",
        campaign=row,
        form=form,
        templates=campaigns.templates(caller.workspace_id),
        senders=senders.list_senders(caller.workspace_id),
        words=words,
        read=trial.as_read(row, sees=caller.can("customers.view")) if row and words and row.template_id == number else None,
    )
