"""Putting away what waits in a mailing that was stopped."""

from app.core.db import find
from app.delivery.models import Mailing, MailingState, Skip
from app.delivery.service.mailings import skip_rest


def step(workspace_id: int, mailing_id: int, reason: Skip) -> bool:
    """Put the next batch away; True while there is more. One that was opened again meanwhile is left alone."""
    if not is_stopped(workspace_id, mailing_id):
        return False
    return skip_rest(workspace_id, mailing_id, reason)


def is_stopped(workspace_id: int, mailing_id: int) -> bool:
    """Tell whether a mailing was stopped and some of its messages still wait or are on their way."""
    row = find(Mailing, workspace_id, mailing_id, lock=True)
    return row is not None and row.state == MailingState.STOPPED
