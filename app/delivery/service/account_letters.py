"""Letters about accounts: they hold links that open one, so they never go by a sandbox, whose mail everybody in it can read.

Where the operator has a mail server they go by that, for everybody: no workspace can read it. Else by the workspace's own, with great care.
"""

from dataclasses import dataclass

import structlog

from app.auth import queries as auth_queries
from app.auth import service as auth
from app.auth.models import Invitation
from app.core import registry
from app.core.db import find
from app.delivery.letters import words
from app.delivery.models import Sender, SenderKind
from app.delivery.queries import senders
from app.delivery.service import system_sender
from app.delivery.service.faces import face_of
from app.delivery.service.letters import queue_letter
from app.workspaces import queries as workspaces

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Way:
    """The server by which letters about accounts leave a workspace: its `own` sender's, or the operator's."""

    workspace_id: int
    own: Sender | None = None

    @property
    def is_private(self) -> bool:
        """Tell whether nobody in the workspace can read what goes by it."""
        return self.own is None

    def get_sender(self) -> Sender:
        """Return the sender; the operator's row is made with the first letter."""
        return self.own or system_sender.get_system_sender(self.workspace_id)


def find_way(workspace_id: int, role: str) -> Way | None:
    """Return how letters about accounts of this role leave this workspace: by the operator's server, else by the workspace's own; or None.

    An owner's do not go by the workspace's own while somebody who is no owner may change the senders: they could let the mail go by a server
    of their own and read the link. Nobody's go by a server that was chosen by somebody who may not choose it any more.
    """
    if system_sender.is_there():
        return Way(workspace_id)
    own = _own(workspace_id)
    return None if own is None or (role == "owner" and auth_queries.has_lesser_editor(workspace_id)) else Way(workspace_id, own)


def can_mail(workspace_id: int, role: str) -> bool:
    """Tell whether letters about accounts of this role leave this workspace."""
    return find_way(workspace_id, role) is not None


def send_reset(workspace_id: int, user_id: int) -> None:
    """Mail a user a new link that sets a password, if mail can leave the workspace.

    By the workspace's own server only to somebody who belongs to it and to no other: whoever runs that can read the link, and would get into
    those.
    """
    user = auth_queries.user_for_update(user_id)  # nobody joins another workspace meanwhile
    roles = {place.id: row.role for row, place in auth_queries.memberships_of(user_id)}
    way = find_way(workspace_id, roles[workspace_id]) if workspace_id in roles else None
    if way is None or not (way.is_private or list(roles) == [workspace_id]):
        log.warning("a link that sets a new password cannot be mailed", user_id=user_id, workspace=workspace_id)
        return
    sender = way.get_sender()
    letter = words.reset(face_of(workspace_id, sender.brand_id), user.name, auth.create_reset(user.id))
    queue_letter(workspace_id, user.email, letter, sender_id=sender.id)


def send_invitation(workspace_id: int, invitation_id: int) -> None:
    """Mail somebody who is invited a new link, if mail can leave the workspace and the invitation is still open."""
    invited = find(Invitation, workspace_id, invitation_id)
    way = find_way(workspace_id, invited.role) if invited else None
    if way is None:
        log.warning("an invitation cannot be mailed", invitation=invitation_id, workspace=workspace_id)
        return
    found = auth.renew_invitation(workspace_id, invitation_id)
    if found is None:
        return
    row, link = found
    inviter = auth.get_user(row.invited_by).name if row.invited_by else None
    name, sender = workspaces.get_workspace(workspace_id).name, way.get_sender()
    letter = words.invitation(face_of(workspace_id, sender.brand_id), name, row.role, inviter, link)
    queue_letter(workspace_id, row.email, letter, sender_id=sender.id)


def _own(workspace_id: int) -> Sender | None:
    """Return what letters about accounts go by: the default sender, as long as whoever said which server it is still edits the settings."""
    row = senders.find_default(workspace_id)
    if row is None or row.kind != SenderKind.SMTP:
        return None
    return row if row.line_by is None or auth_queries.edits_settings(workspace_id, row.line_by) else None


registry.account_mail.append(can_mail)
