"""People, memberships, and clients that are signed in or hold a key."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from app.auth.models import ApiKey, Invitation, Membership, User, UserSession
from app.auth.permissions import Role, of, sends_by_default
from app.auth.schemas import MemberChange
from app.auth.service.keys import PREFIX
from app.core.actor import Actor
from app.core.db import session
from app.core.security import digest, hash_password, random_token
from app.core.time import now
from app.workspaces.models import Workspace
from tests.factories.workspaces import workspace as new_workspace

PASSWORD = "a-long-enough-password"
_KEPT = "kept-in-the-cookie"
_numbers = itertools.count(1)


def user(name: str = "Ada Okonkwo", email: str = "", password: str = PASSWORD, **fields: Any) -> User:
    """Return a new user who belongs nowhere."""
    row = User(name=name, email=email or f"ada{next(_numbers)}@northlight.example", password_hash=hash_password(password), **fields)
    session().add(row)
    session().flush()
    return row


def member(
    workspace: Workspace | None = None, role: Role = "owner", *, may_send: bool | None = None, person: User | None = None
) -> Membership:
    """Return a membership, of a new user and in a new workspace where none are given."""
    place, who = workspace or new_workspace(), person or user()
    send = sends_by_default(role) if may_send is None else may_send
    row = Membership(workspace_id=place.id, user_id=who.id, role=role, may_send=send)
    session().add(row)
    who.last_workspace_id = place.id
    session().flush()
    return row


class Browser:
    """A client with a session: its posts carry the CSRF token and the workspace, as every form of the product does."""

    def __init__(self, client: FlaskClient, membership: Membership) -> None:
        self.client = client
        self.workspace_id, self.user_id, self.membership_id = membership.workspace_id, membership.user_id, membership.id
        self.actor = Actor("Ada Okonkwo", membership.user_id)

    @property
    def csrf_token(self) -> str:
        """Return the token its pages carry."""
        return csrf_token()

    def get(self, path: str, **says: Any) -> TestResponse:
        """Read a page."""
        return self.client.get(path, **says)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **says: Any) -> TestResponse:
        """Send a form."""
        return self.client.post(path, data={"csrf_token": csrf_token(), "_workspace": self.workspace_id, **(data or {})}, **says)

    def call(self, method: str, path: str, json: object = None, **says: Any) -> TestResponse:
        """Call the API from the page, as its scripts do."""
        headers = {"X-CSRFToken": csrf_token(), "X-Workspace": str(self.workspace_id), **says.pop("headers", {})}
        return self.client.open(path, method=method, json=json, headers=headers, **says)


def signed_in(
    client: FlaskClient,
    role: Role = "owner",
    workspace: Workspace | None = None,
    *,
    may_send: bool | None = None,
    person: User | None = None,
) -> Browser:
    """Sign a new user in (or `person`), with `role` in a new workspace (or `workspace`), and return the browser."""
    membership = member(workspace, role, may_send=may_send, person=person)
    enter(client, session().get_one(User, membership.user_id), membership.workspace_id)
    return Browser(client, membership)


def enter(client: FlaskClient, person: User, workspace_id: int | None) -> str:
    """Put a session of this user into the client's cookie and return its token."""
    _, token = session_row(person, workspace_id)
    with client.session_transaction() as cookie:
        cookie["_user_id"], cookie["csrf_token"] = token, _KEPT
    return token


def session_row(person: User, workspace_id: int | None) -> tuple[UserSession, str]:
    """Return a new session of this user and its token."""
    token, at = random_token(), now()
    row = UserSession(
        token_digest=digest(token),
        user_id=person.id,
        in_workspace=workspace_id,
        auth_version=person.auth_version,
        created_at=at,
        last_seen_at=at,
        expires_at=at + timedelta(days=7),
    )
    session().add(row)
    session().flush()
    return row, token


def csrf_token() -> str:
    """Return the token that pages of a client signed in by `enter` carry."""
    return str(URLSafeTimedSerializer(current_app.secret_key, salt="wtf-csrf-token").dumps(_KEPT))


def api_key(
    workspace: Workspace | None = None, role: Role = "owner", scopes: Sequence[str] | None = None, *, membership: Membership | None = None
) -> dict[str, str]:
    """Return the headers of calls with a new API key; without `scopes` it may do all that its maker may."""
    maker = membership or member(workspace, role)
    secret = PREFIX + random_token()
    session().add(
        ApiKey(
            workspace_id=maker.workspace_id,
            name="Test",
            hint=secret[:8],
            token_digest=digest(secret),
            scopes=list(scopes if scopes is not None else of(maker.role, may_send=maker.may_send)),
            created_by=maker.user_id,
            created_at=now(),
        )
    )
    session().flush()
    return {"Authorization": f"Bearer {secret}"}


def invitation(workspace_id: int, email: str = "grace@northlight.example", role: Role = "marketer", token: str = "") -> Invitation:
    """Return an open invitation; `token` opens it."""
    row = Invitation(
        workspace_id=workspace_id,
        email=email,
        role=role,
        token_digest=digest(token or random_token()),
        expires_at=now() + timedelta(days=7),
    )
    session().add(row)
    session().flush()
    return row


def _membership_in(workspace_id: int) -> Membership:
    return member(session().get_one(Workspace, workspace_id), "marketer")


def _session_in(workspace_id: int) -> int:
    return session_row(session().get_one(User, _membership_in(workspace_id).user_id), workspace_id)[0].id


def _key_in(workspace_id: int) -> int:
    headers = api_key(membership=_membership_in(workspace_id))
    kept = digest(headers["Authorization"].removeprefix("Bearer "))
    return session().scalars(sa.select(ApiKey).where(ApiKey.workspace_id == workspace_id, ApiKey.token_digest == kept)).one().id


STRANGERS = {
    "member_id": lambda workspace_id: _membership_in(workspace_id).id,
    "invitation_id": lambda workspace_id: invitation(workspace_id, f"grace{next(_numbers)}@northlight.example").id,
    "key_id": _key_in,
    "session_id": _session_in,
    "workspace_id": lambda workspace_id: workspace_id,
}
EXAMPLES = {MemberChange: {"role": "client", "may_send": False}}
