"""Letters: into the ledger, sealed, by the right sender, ahead of campaigns."""

import json

import pytest
import sqlalchemy as sa
from flask_sqlalchemy.session import Session

from app.core.db import get
from app.core.errors import Conflict, Invalid, NotFound
from app.core.security import unseal
from app.delivery.models import Mailing, Message, MessageBody, MessageKind, MessageState
from app.delivery.service.letters import Letter, can_write, queue_letter
from tests.factories.delivery import a_sender
from tests.factories.workspaces import workspace

WORDS = Letter("A new password", "<p>Here</p>", "Here")


@pytest.fixture
def workspace_id(session: Session) -> int:
    return workspace().id


def test_a_letter_waits_sealed_ahead_of_campaigns_in_one_mailing_of_its_sender(session: Session, workspace_id: int) -> None:
    sender = a_sender(workspace_id)
    first = queue_letter(workspace_id, " ada@Northlight.Example ", WORDS, customer_id=7)
    second = queue_letter(workspace_id, "grace@northlight.example", WORDS, kind=MessageKind.TEST)
    rows = session.scalars(sa.select(Message).where(Message.workspace_id == workspace_id).order_by(Message.id)).all()
    assert [(r.id, r.address, r.kind, r.state, r.customer_id, r.original_customer_id) for r in rows] == [
        (first, "ada@northlight.example", MessageKind.SYSTEM, MessageState.PENDING, 7, 7),
        (second, "grace@northlight.example", MessageKind.TEST, MessageState.PENDING, None, None),
    ]
    mailing = session.scalars(sa.select(Mailing).where(Mailing.workspace_id == workspace_id)).one()
    assert {row.mailing_id for row in rows} == {mailing.id}
    assert (mailing.kind, mailing.state, mailing.priority, mailing.sender_id) == ("system", "open", 0, sender.id)
    body = session.get_one(MessageBody, first)
    assert "Here" not in body.sealed
    assert json.loads(unseal(body.sealed)) == {"subject": "A new password", "html": "<p>Here</p>", "text": "Here"}


def test_the_default_sender_takes_letters_else_the_only_one(session: Session, workspace_id: int) -> None:
    def sender_of(message_id: int) -> int:
        return get(Mailing, workspace_id, get(Message, workspace_id, message_id).mailing_id).sender_id

    assert not can_write(workspace_id)
    with pytest.raises(Conflict, match="no sender yet"):
        queue_letter(workspace_id, "ada@northlight.example", WORDS)
    one = a_sender(workspace_id)
    assert sender_of(queue_letter(workspace_id, "ada@northlight.example", WORDS)) == one.id
    two = a_sender(workspace_id)
    with pytest.raises(Conflict):
        queue_letter(workspace_id, "ada@northlight.example", WORDS)
    two.is_default = True
    session.flush()
    assert sender_of(queue_letter(workspace_id, "ada@northlight.example", WORDS)) == two.id
    assert sender_of(queue_letter(workspace_id, "ada@northlight.example", WORDS, sender_id=one.id)) == one.id
    with pytest.raises(NotFound):
        queue_letter(workspace_id, "ada@northlight.example", WORDS, sender_id=a_sender(workspace().id).id)


@pytest.mark.parametrize(
    "to", ["", "ada", "ada@", "ada@northlight.example\nBcc: eve@evil.example", "Ada <ada@northlight.example>", "a@b.example,c@d.example"]
)
def test_only_one_plain_address_is_written_to(session: Session, workspace_id: int, to: str) -> None:
    a_sender(workspace_id)
    with pytest.raises(Invalid):
        queue_letter(workspace_id, to, WORDS)


def test_a_subject_stays_on_its_line(session: Session, workspace_id: int) -> None:
    a_sender(workspace_id)
    ident = queue_letter(workspace_id, "ada@northlight.example", Letter("Hi\r\nBcc: eve@evil.example\x00\u2028x", "", ""))
    assert json.loads(unseal(session.get_one(MessageBody, ident).sealed))["subject"] == "Hi Bcc: eve@evil.example x"
