"""Campaigns with all they need, and the work of their jobs done by hand."""

import itertools
from typing import Any

from app.campaigns.models import Campaign
from app.campaigns.schemas import CampaignIn, CampaignPatch, RetryIn, ScheduleIn, TestIn
from app.campaigns.service import campaigns, freeze, launch
from app.content.models import Template
from app.core.actor import Actor
from app.customers.models import Customer
from app.delivery.models import SenderKind
from app.delivery.queries import senders
from app.segments.models import Segment
from app.segments.schemas import MembersIn
from app.segments.service import lists
from tests.factories.content import a_template
from tests.factories.customers import a_consent, a_customer
from tests.factories.delivery import a_sender
from tests.factories.segments import a_segment

BY = Actor("Ines Marlow", 7)
BODY = "Hello {{ customer.first_name | default('there') }}\n\n[Look](https://shop.example/a)"
_numbers = itertools.count(1)


def a_greeting(workspace_id: int) -> Template:
    """Return a template that greets by name and has a link."""
    return a_template(workspace_id, kind="markdown", subject="Layers for cold mornings", body=BODY)


def subscribers(workspace_id: int, count: int) -> list[Customer]:
    """Return people who agreed to mail."""
    people = [a_customer(workspace_id) for _ in range(count)]
    for person in people:
        a_consent(person)
    return people


def a_list(workspace_id: int, people: list[Customer], name: str = "") -> Segment:
    """Return a static segment of these people."""
    row = a_segment(workspace_id, None, name or f"List {next(_numbers)}")
    lists.change(workspace_id, row.id, MembersIn(add=[person.id for person in people]), BY)
    return row


def a_campaign(workspace_id: int, people: int = 2, **values: Any) -> Campaign:
    """Return a draft that may be launched: to a list of new people, unless `segments` or `customers` are said."""
    if not values.keys() & {"segments", "customers"}:
        values["segments"] = [a_list(workspace_id, subscribers(workspace_id, people)).id]
    given = {"name": f"Campaign {next(_numbers)}", "template_id": values.pop("template_id", None) or a_greeting(workspace_id).id}
    given["sender_id"] = values.pop("sender_id", None) or _sender(workspace_id)
    return campaigns.create(workspace_id, CampaignIn.model_validate(given | values), BY)


def frozen(row: Campaign) -> Campaign:
    """Do what the job of a launch does, to its end."""
    while freeze.step(row.workspace_id, row.id):
        pass
    return row


def sending(workspace_id: int, people: int = 2, **values: Any) -> Campaign:
    """Return a campaign that was launched and is sending."""
    row = a_campaign(workspace_id, people, **values)
    launch.launch(workspace_id, row.id, BY)
    return frozen(row)


def _sender(workspace_id: int) -> int:
    found = senders.list_senders(workspace_id)
    return found[0].id if found else a_sender(workspace_id, kind=SenderKind.SANDBOX).id


STRANGERS = {"campaign_id": lambda workspace_id: a_campaign(workspace_id).id}
EXAMPLES = {
    CampaignPatch: {"name": "Autumn layers"},
    ScheduleIn: {"at": "2999-01-01T09:00:00Z"},
    RetryIn: {"states": ["failed"]},
    TestIn: {"to": ["ada@northlight.example"]},
}
