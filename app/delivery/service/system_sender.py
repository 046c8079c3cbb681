"""The operator's own mail server, by which mail about accounts leaves from any workspace: each has a row for it, which nobody there sees.

The row says nothing of the server. Where it is and how to get in is in the settings alone, and the mailer reads it there.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from app.core import settings
from app.core.db import session
from app.delivery.models import Sender, SenderKind

NAME = "The operator’s mail server"
CONNECTIONS = 2
"""A workspace's letters about accounts are few."""


def is_there() -> bool:
    """Tell whether the operator has a mail server for mail about accounts."""
    given = settings.get()
    return given.SYSTEM_SMTP_URL is not None and given.SYSTEM_MAIL_FROM is not None


def get_system_sender(workspace_id: int) -> Sender:
    """Return the workspace's row for it, made with the first letter. Raises LookupError where there is no such server."""
    address = settings.get().SYSTEM_MAIL_FROM
    if not is_there() or address is None:
        raise LookupError
    values = {
        "kind": SenderKind.SYSTEM,
        "name": NAME,
        "from_email": address,
        "from_name": "Fairlead",
        "connections": CONNECTIONS,
        "verp": False,
    }
    made = insert(Sender).values(workspace_id=workspace_id, **values)
    session().execute(made.on_conflict_do_nothing(index_elements=["workspace_id"], index_where=sa.text("kind = 'system'")))
    mine = sa.select(Sender).where(Sender.workspace_id == workspace_id, Sender.kind == SenderKind.SYSTEM)
    row = session().scalars(mine).one()
    if row.from_email != address:
        row.from_email, row.version = address, row.version + 1
        session().flush()
    return row
