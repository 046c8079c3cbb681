"""What the sandbox caught: shown as it was sent, kept for thirty days."""

import zlib
from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core import registry
from app.core.db import session
from app.core.time import now
from app.delivery.models import CaughtMail, Message
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


def erase(workspace_id: int, customer_ids: Sequence[int]) -> None:
    """Delete what was caught for these customers."""
    among = sa.any_(sa.literal(list(customer_ids), ARRAY(sa.BigInteger)))
    theirs = sa.select(Message.id).where(Message.workspace_id == workspace_id, Message.customer_id == among)
    gone = sa.delete(CaughtMail).where(CaughtMail.workspace_id == workspace_id, CaughtMail.message_id.in_(theirs))
    session().execute(gone.execution_options(synchronize_session=False))


registry.erase.append(erase)
