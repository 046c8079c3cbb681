"""What follows when a mailing is stopped."""

from app.delivery.events import MailingStopped
from app.delivery.jobs.mailings import put_rest_away
from app.events.service import on
from app.jobs import service as jobs


@on(MailingStopped)
def put_away(event: MailingStopped) -> None:
    """Begin to mark who waits in a stopped mailing as skipped."""
    jobs.start(
        put_rest_away,
        workspace_id=event.workspace_id,
        key=f"mailing_stop:{event.mailing_id}",
        mailing_id=event.mailing_id,
        reason=event.reason,
    )
