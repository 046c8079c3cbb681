"""What the sandbox caught: shown as it was sent, kept for thirty days."""

import zlib
from datetime import timedelta

from app.core.time import now
from app.delivery.models import CaughtMail
from app.delivery.queries import mail as queries
from app.delivery.reading import Mail, read

KEPT = timedelta(days=30)
_BATCH = 2_000


def show(workspace_id: int, mail_id: int) -> tuple[CaughtMail, Mail]:
    """Return a caught mail and its parts. Raises NotFound."""
    row = queries.get_mail(workspace_id, mail_id)
    return row, read(zlib.decompress(row.raw))


def bytes_of(workspace_id: int, mail_id: int) -> bytes:
    """Return the very bytes that a server would have got. Raises NotFound."""
    return zlib.decompress(queries.get_mail(workspace_id, mail_id).raw)


def forget_old() -> bool:
    """Delete a batch of what was caught more than thirty days ago; True while there may be more."""
    return queries.forget_older(now() - KEPT, _BATCH) == _BATCH
