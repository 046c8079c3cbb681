"""Letters that news ask for."""

from app.auth.events import InvitationCreated, PasswordResetAsked
from app.customers.events import ConsentChanged, ConsentsChanged, ImportFinished
from app.delivery.jobs.confirmations import ask_imported, ask_many
from app.delivery.service import account_letters, confirmations
from app.events.service import on
from app.jobs import service as jobs


@on(PasswordResetAsked)
def mail_reset(event: PasswordResetAsked) -> None:
    """Mail the link that sets a new password."""
    account_letters.send_reset(event.workspace_id, event.user_id)


@on(InvitationCreated)
def mail_invitation(event: InvitationCreated) -> None:
    """Mail the link of an invitation."""
    account_letters.send_invitation(event.workspace_id, event.invitation_id)


@on(ConsentChanged)
def ask_for_confirmation(event: ConsentChanged) -> None:
    """Ask somebody whose consent to e-mail waits for them."""
    if event.channel == "email" and event.state == "pending":
        confirmations.send(event.workspace_id, event.customer_id, event.topic_id)


@on(ConsentsChanged)
def ask_many_for_confirmation(event: ConsentsChanged) -> None:
    """Begin to ask many whose consent to e-mail waits for them."""
    if event.channel == "email" and event.state == "pending":
        key = f"confirm:{event.workspace_id}:{event.topic_id}:{event.occurred_at}"
        jobs.start(ask_many, workspace_id=event.workspace_id, key=key, topic_id=event.topic_id, since=event.occurred_at)


@on(ImportFinished)
def ask_imported_for_confirmation(event: ImportFinished) -> None:
    """Begin to ask those whose consent a file left to them; of a file that did not come to its end, nobody."""
    if confirmations.asks(event.workspace_id, event.import_id):
        key = f"confirm:import:{event.import_id}"
        jobs.start(ask_imported, workspace_id=event.workspace_id, key=key, import_id=event.import_id)
