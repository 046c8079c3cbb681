"""Signing programs in: access tokens, their renewal, their end."""

from flask import Response, request

from app.auth import bearer, loader, service
from app.auth.schemas import LoginIn, Me, RefreshIn, TokensOut
from app.core.errors import Unauthorized
from app.core.security import token_keys
from app.core.time import now
from app.core.web.api import Api, problem
from app.core.web.principal import Principal

api = Api("auth", __name__)


@api.post("/auth/login", public=True, body=LoginIn, returns=TokensOut, summary="Sign in for an access token")
def login(_caller: None, body: LoginIn) -> TokensOut:
    """Give an access token for 15 minutes, and a refresh token that is good once."""
    return service.login(body, loader.origin())


@api.post("/auth/refresh", public=True, body=RefreshIn, returns=TokensOut, summary="Exchange a refresh token for new tokens")
def refresh(_caller: None, body: RefreshIn) -> TokensOut | Response:
    """Give new tokens. A refresh token that was used before ends all tokens of its sign-in."""
    tokens = service.refresh(body.refresh_token, loader.origin().host)
    # Answered, not raised: what was ended must be committed.
    return tokens or problem(401, Unauthorized.title, "This refresh token was used before. All tokens of its sign-in have ended.")


@api.post("/auth/logout", signed_in=True, any_workspace=True, summary="End the tokens of this sign-in")
def logout(caller: Principal) -> None:
    """End the access token, and every refresh token that came from the same sign-in."""
    if caller.kind == "session" and caller.session_id and caller.user_id:
        service.end_session(caller.user_id, caller.session_id, caller.actor, caller.workspace.id if caller.workspace else None)
        loader.sign_out()
    elif caller.kind == "jwt":
        token = request.headers["Authorization"].partition(" ")[2].strip()
        claims = bearer.decode(token, token_keys(), now())
        if claims:
            service.end_family(claims.family)


@api.get("/auth/me", signed_in=True, returns=Me, summary="Who calls, and what they may do")
def me(caller: Principal) -> Me:
    """Say who calls."""
    return loader.describe(caller)
