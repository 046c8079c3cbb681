"""What begins when news is heard, and the work of a mailing that was stopped."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.campaigns import handlers, jobs
from app.campaigns.events import CampaignLaunched, CampaignResumed
from app.campaigns.service import launch, running
from app.core.db import any_workspace, get
from app.core.time import now
from app.delivery import handlers as delivery_handlers
from app.delivery import jobs as delivery_jobs
from app.delivery.events import MailingFinished, MailingStopped
from app.delivery.models import Mailing, Message, MessageState
from app.jobs.models import JobRun
from tests.campaigns.test_running import states
from tests.factories.campaigns import BY, a_campaign, sending
from tests.factories.workspaces import workspace


def queued(session: Session, job: str) -> list[tuple[str | None, bool]]:
    """Return (key, waits for a later time) of the runs of a job."""
    wanted = sa.select(JobRun.key, JobRun.run_after).where(JobRun.job == job).order_by(JobRun.id)
    return [(row[0], row[1] > now() + timedelta(seconds=5)) for row in session.execute(any_workspace(wanted))]


def test_a_launch_is_carried_out_by_one_run(session: Session) -> None:
    row = a_campaign(workspace().id)
    launch.launch(row.workspace_id, row.id, BY)
    handlers.put_audience_together(CampaignLaunched(row.workspace_id, row.id))
    handlers.put_audience_together(CampaignResumed(row.workspace_id, row.id, freezing=True))
    assert [key for key, _ in queued(session, "campaigns.freeze_audience")] == [f"campaign:{row.id}"]
    while jobs.freeze_audience(row.workspace_id, row.id):
        pass
    assert row.state == "sending"
    assert not jobs.launch_due()


def test_a_stopped_mailing_is_looked_at_until_all_have_ended(session: Session) -> None:
    row = sending(workspace().id, 3)
    place, mailing_id = row.workspace_id, row.mailing_id or 0
    flying = session.scalars(sa.select(Message).where(Message.workspace_id == place).limit(1)).one()
    flying.state = int(MessageState.SENDING)
    running.cancel(place, row.id, BY)
    delivery_handlers.put_away(MailingStopped(place, mailing_id, "cancelled"))
    assert queued(session, "delivery.put_rest_away") == [(f"mailing_stop:{mailing_id}", False)]
    while delivery_jobs.put_rest_away(place, mailing_id, "cancelled"):
        pass
    assert queued(session, "delivery.put_rest_away")[1:] == [(None, True)]
    flying.state = int(MessageState.PENDING)  # the server was busy
    session.flush()
    while delivery_jobs.put_rest_away(place, mailing_id, "cancelled"):
        pass
    assert states(session, row) == [MessageState.SKIPPED] * 3
    assert get(Mailing, place, mailing_id).state == "done"
    assert len(queued(session, "delivery.put_rest_away")) == 2, "nothing is left to look at"
    handlers.finish_campaign(MailingFinished(place, mailing_id))
    assert row.state == "cancelled"
