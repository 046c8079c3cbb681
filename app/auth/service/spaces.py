"""Workspaces as people have them: made by somebody who owns them, entered by their members."""

from app.auth import queries
from app.auth.models import User
from app.auth.service.members import create_membership
from app.auth.service.sessions import move_session
from app.core.actor import Actor
from app.core.db import session
from app.core.errors import NotFound
from app.workspaces import service as workspaces
from app.workspaces.models import Workspace
from app.workspaces.schemas import WorkspaceIn


def create_workspace(data: WorkspaceIn, owner_id: int, by: Actor) -> Workspace:
    """Make a workspace with its first owner."""
    row = workspaces.create(data, by)
    create_membership(row.id, owner_id, "owner", by, may_send=True)
    user = session().get_one(User, owner_id)
    if user.last_workspace_id is None:
        user.last_workspace_id = row.id
        session().flush()
    return row


def enter_workspace(session_id: int, user_id: int, workspace_id: int) -> None:
    """Take a session into another workspace of the user. Raises NotFound where they are no member."""
    if queries.find_membership(workspace_id, user_id) is None:
        raise NotFound(Workspace.noun)
    move_session(session_id, workspace_id)
