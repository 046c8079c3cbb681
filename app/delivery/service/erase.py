"""What this room forgets when customers are erased. The ledger keeps its rows, without person and address: its figures stand."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.db import session
from app.delivery.models import CaughtMail, Message, MessageBody, MessageKind, MessageState, Skip
from app.delivery.service.credit import forget
from app.delivery.service.mailings import finish_if_done
from app.delivery.service.tallies import add_tallies


def erase(workspace_id: int, customer_ids: Sequence[int]) -> None:
    """Take person and address from these customers' messages; what waits is skipped. Their conversions and caught mails go."""
    forget(workspace_id, customer_ids)
    ids = sa.literal(sorted(customer_ids), ARRAY(sa.BigInteger))
    mine = (Message.workspace_id == workspace_id, Message.customer_id == sa.any_(ids))
    held = (
        session()
        .execute(sa.select(Message.id, Message.mailing_id, Message.state, Message.kind).where(*mine).order_by(Message.id).with_for_update())
        .all()
    )
    if not held:
        return
    messages = sa.literal([row.id for row in held], ARRAY(sa.BigInteger))
    caught = (CaughtMail.workspace_id == workspace_id, CaughtMail.message_id == sa.any_(messages))
    waiting = Message.state == MessageState.PENDING
    for statement in (
        sa.delete(CaughtMail).where(*caught),
        sa.delete(MessageBody).where(MessageBody.message_id == sa.any_(messages)),
        sa.update(Message)
        .where(*mine)
        .values(
            customer_id=None,
            address=None,
            state=sa.case((waiting, int(MessageState.SKIPPED)), else_=Message.state),
            reason=sa.case((waiting, str(Skip.ERASED)), else_=Message.reason),
            due_at=sa.case((waiting, None), else_=Message.due_at),
        ),
    ):
        session().execute(statement.execution_options(synchronize_session=False))
    skipped: dict[tuple[int, int, str], int] = {}
    for row in held:
        if row.state == MessageState.PENDING and row.kind == MessageKind.BULK:
            key = (row.mailing_id, int(MessageState.SKIPPED), str(Skip.ERASED))
            skipped[key] = skipped.get(key, 0) + 1
    add_tallies(skipped)
    for mailing_id in sorted({key[0] for key in skipped}):
        finish_if_done(workspace_id, mailing_id)
