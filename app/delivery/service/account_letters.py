"""Letters about accounts: they hold links that open one, so they never go by a sandbox, whose mail everybody in it can read."""

from app.auth import service as auth
from app.core import registry
from app.delivery.letters import words
from app.delivery.models import Sender, SenderKind
from app.delivery.queries import senders
from app.delivery.service.faces import face_of
from app.delivery.service.letters import queue_letter
from app.workspaces import queries as workspaces


def can_mail(workspace_id: int) -> bool:
    """Tell whether letters about accounts leave this workspace."""
    return _sender(workspace_id) is not None


def send_reset(workspace_id: int, user_id: int) -> None:
    """Mail a user a new link that sets a password, if mail can leave the workspace."""
    sender = _sender(workspace_id)
    if sender is None:
        return
    user = auth.get_user(user_id)
    letter = words.reset(face_of(workspace_id, sender.brand_id), user.name, auth.create_reset(user.id))
    queue_letter(workspace_id, user.email, letter, sender_id=sender.id)


def send_invitation(workspace_id: int, invitation_id: int) -> None:
    """Mail somebody who is invited a new link, if mail can leave the workspace and the invitation is still open."""
    sender = _sender(workspace_id)
    found = auth.renew_invitation(workspace_id, invitation_id) if sender else None
    if sender is None or found is None:
        return
    row, link = found
    inviter = auth.get_user(row.invited_by).name if row.invited_by else None
    name = workspaces.get_workspace(workspace_id).name
    letter = words.invitation(face_of(workspace_id, sender.brand_id), name, row.role, inviter, link)
    queue_letter(workspace_id, row.email, letter, sender_id=sender.id)


def _sender(workspace_id: int) -> Sender | None:
    row = senders.find_default(workspace_id)
    return row if row and row.kind == SenderKind.SMTP else None


registry.account_mail.append(can_mail)
