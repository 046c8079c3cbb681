"""What this room does when it hears news."""

from app.campaigns.events import CampaignLaunched, CampaignResumed
from app.campaigns.jobs import freeze_audience
from app.campaigns.service import running
from app.delivery.events import MailingFinished
from app.events.service import on
from app.jobs import service as jobs


@on(CampaignLaunched, CampaignResumed)
def put_audience_together(event: CampaignLaunched | CampaignResumed) -> None:
    """Begin, or go on, to give everybody a row in the ledger; the work looks itself whether there is anything to do."""
    jobs.start(freeze_audience, workspace_id=event.workspace_id, key=f"campaign:{event.campaign_id}", campaign_id=event.campaign_id)


@on(MailingFinished)
def finish_campaign(event: MailingFinished) -> None:
    """Mark a campaign as sent when nobody waits any more."""
    running.finish(event.workspace_id, event.mailing_id)
