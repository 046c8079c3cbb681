"""API keys for programs that manage them."""

from app.auth import queries, service
from app.auth.schemas import KeyCreated, KeyIn, KeyOut
from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal

api = Api("api_keys", __name__)


@api.get("/api-keys", "api_keys.edit", returns=Page[KeyOut], summary="List the API keys")
def list_keys(caller: Principal) -> Page[KeyOut]:
    """Return the keys of the workspace with their last use, never their secrets. There are few: one page."""
    return Page(items=[KeyOut.model_validate(key) for key, _ in queries.list_keys(caller.workspace_id)])


@api.post("/api-keys", "api_keys.edit", body=KeyIn, returns=KeyCreated, status=201, secret=True, summary="Create an API key")
def create_key(caller: Principal, body: KeyIn) -> KeyCreated:
    """Make a key and return its secret, this once. It can do no more than the caller."""
    row, secret = service.create_key(caller.workspace_id, body, caller.permissions, caller.actor)
    return KeyCreated(**KeyOut.model_validate(row).model_dump(), key=secret)


@api.delete("/api-keys/<int:key_id>", "api_keys.edit", summary="Revoke an API key")
def revoke_key(caller: Principal, key_id: int) -> None:
    """End a key at once and for good."""
    service.revoke_key(caller.workspace_id, key_id, caller.actor)
