"""A duty of the clock: mailers that fell silent lose their lease, though no other mailer is there to notice."""

from app.core.db import session
from app.delivery.service import ledger
from app.jobs.clock import Desk, duty


@duty(every=5)
def sweep_mailers(_desk: Desk) -> None:
    """Mark what silent mailers were handing over as in doubt."""
    ledger.sweep()
    session().commit()
