"""Test sends: the present words to a few addresses, marked, and counted nowhere."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import sqlalchemy as sa

from app.audit import service as audit
from app.auth.queries import members_among
from app.campaigns.models import Campaign
from app.campaigns.queries import audience, campaigns, ledger
from app.campaigns.schemas import TestIn
from app.campaigns.service import words
from app.campaigns.service.campaigns import subject
from app.content.render.compiled import Rendered, compile_head, compile_source
from app.core.actor import Actor
from app.core.db import get, session
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.time import now
from app.customers.queries.consent import suppressed
from app.delivery.models import MessageKind
from app.delivery.service.letters import Letter, check_address, queue_letter

MARK = "[Test] "
A_DAY = 200
"""Tests a workspace may send a day, by UTC."""
STRANGER = "Only members of this workspace can get a test from you: writing to others needs the permission to send."
BARRED = "This address is on the suppression list."


def send(workspace_id: int, campaign_id: int, given: TestIn, held: AbstractSet[str], by: Actor) -> int:
    """Queue a test for each address and return how many. `held`: what the caller may do.

    Raises NotFound, Forbidden for a customer's words without `customers.view`, Invalid for who may not be written to, and Conflict where
    there is nothing to send or the day's tests are used up.
    """
    sees = "customers.view" in held
    if given.customer_id is not None and not sees:
        raise Forbidden(permission="customers.view")
    row = get(Campaign, workspace_id, campaign_id)
    sender = campaigns.sender_of(row)
    compiled = words.present(row)
    person = given.customer_id or (first_of(row) if sees else None)
    mail = words.render(row, compiled, words.facts(workspace_id, sender), person)
    letter = Letter(MARK + mail.subject, mail.html, mail.text)
    addresses = _addresses(workspace_id, given.to, to_anybody="campaigns.send" in held)
    _refuse_beyond(workspace_id, len(addresses))
    sent_by = sender.id if sender else None
    for address in addresses:
        queue_letter(workspace_id, address, letter, kind=MessageKind.TEST, sender_id=sent_by, customer_id=given.customer_id)
    audit.record(workspace_id, by, "campaign.tested", subject(row), None, {"addresses": len(addresses)})
    return len(addresses)


def first_of(row: Campaign) -> int | None:
    """Return somebody the campaign goes to, so that a preview shows what people see; None while it goes to nobody."""
    going = audience.of_campaign(row)
    return going.bound(0, 1) if going.into or going.named else None


def mail_of(row: Campaign, *, sees: bool) -> Rendered:
    """Return the mail (as frozen, else with the present words) as the first of the audience reads it.

    Where the caller may not see customers, it is as somebody unknown reads it. Raises Invalid, Conflict where there is none to show.
    """
    return _read(row, compile_source, sees=sees)


def as_read(row: Campaign, *, sees: bool) -> Rendered | None:
    """Return subject and preview line alone, as the first of the audience reads them; None where there is nothing to show yet.

    For pages that show them beside other things: the mail itself may be long, and is not made.
    """
    try:
        return _read(row, compile_head, sees=sees)
    except (Invalid, Conflict):
        return None


def _read(row: Campaign, by: words.Compile, *, sees: bool) -> Rendered:
    content, _ = campaigns.frozen(row)
    if content is not None:
        compiled, brand = words.frozen(content, by), content.brand
    else:
        compiled, brand = words.present(row, by), words.facts(row.workspace_id, campaigns.sender_of(row))
    return words.render(row, compiled, brand, first_of(row) if sees else None)


def _addresses(workspace_id: int, to: Sequence[str], *, to_anybody: bool) -> list[str]:
    """Return each address once. Raises Invalid with those that are none or may not be written to."""
    read, errors = {}, {}
    for number, address in enumerate(to):
        try:
            read[number] = check_address(address).lower()
        except Invalid as no:
            errors[f"to[{number}]"] = no.errors["to"]
    barred = suppressed(workspace_id, list(read.values()))
    known = set(read.values()) if to_anybody else members_among(workspace_id, read.values())
    errors |= {f"to[{number}]": STRANGER for number, address in read.items() if address not in known}
    errors |= {f"to[{number}]": BARRED for number, address in read.items() if address in barred}
    if errors:
        raise Invalid(errors)
    return list(dict.fromkeys(read.values()))


def _refuse_beyond(workspace_id: int, count: int) -> None:
    """Refuse what the day has no room for; one at a time, so that two cannot both take the last place."""
    session().execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("tests"), workspace_id)))
    sent = ledger.tests_since(workspace_id, now().replace(hour=0, minute=0, second=0, microsecond=0))
    if sent + count > A_DAY:
        raise Conflict(f"A workspace may send {A_DAY} tests a day, and {sent} were sent today. Try again after midnight (UTC).")
