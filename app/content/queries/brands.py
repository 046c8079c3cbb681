"""What mails say about who sends them."""

from typing import Any

from app.workspaces.queries import get_brand, get_workspace, list_brands


def brand_facts(workspace_id: int, brand_id: int | None = None) -> dict[str, Any]:
    """Return the facts that templates and footers use of a brand (the first by name, if none is said), and how to write dates and money.

    `currency` is the workspace's, in which computed amounts are kept. Raises NotFound.
    """
    place = get_workspace(workspace_id)
    brand = get_brand(workspace_id, brand_id) if brand_id is not None else next(iter(list_brands(workspace_id)), None)
    return {
        "name": brand.name if brand else place.name,
        "postal_address": (brand.postal_address if brand else None) or "",
        "currency": place.currency,
        "locale": place.locale,
        "zone": (brand.zone if brand else None) or place.zone,
    }
