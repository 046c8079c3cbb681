"""Test sends: the present words to a few addresses, marked, and counted nowhere."""

from app.audit import service as audit
from app.campaigns.models import Campaign
from app.campaigns.queries import audience, campaigns
from app.campaigns.schemas import TestIn
from app.campaigns.service import words
from app.campaigns.service.campaigns import subject
from app.core.actor import Actor
from app.core.db import get
from app.core.errors import Invalid
from app.delivery.models import MessageKind
from app.delivery.service.letters import Letter, queue_letter

MARK = "[Test] "


def send(workspace_id: int, campaign_id: int, given: TestIn, by: Actor) -> int:
    """Queue a test for each address and return how many. Raises NotFound, Invalid and Conflict where there is nothing to send."""
    row = get(Campaign, workspace_id, campaign_id)
    sender = campaigns.sender_of(row)
    compiled = words.present(row)
    person = given.customer_id or first_of(row)
    mail = words.render(row, compiled, words.facts(workspace_id, sender), person)
    letter = Letter(MARK + mail.subject, mail.html, mail.text)
    addresses = list(dict.fromkeys(address.lower() for address in given.to))
    for number, address in enumerate(addresses):
        try:
            queue_letter(
                workspace_id, address, letter, kind=MessageKind.TEST, sender_id=sender.id if sender else None, customer_id=given.customer_id
            )
        except Invalid as no:
            raise Invalid({f"to[{number}]": reason for reason in no.errors.values()}) from no
    audit.record(workspace_id, by, "campaign.tested", subject(row), None, {"addresses": len(addresses)})
    return len(addresses)


def first_of(row: Campaign) -> int | None:
    """Return somebody the campaign goes to, so that a preview shows what people see; None while it goes to nobody."""
    going = audience.of_campaign(row)
    return going.bound(0, 1) if going.into or going.named else None
