"""Double opt-in: a letter asks whoever was entered whether it was they, and their click is the consent that counts."""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement

from app.core import settings
from app.core.actor import Actor
from app.core.db import find
from app.core.errors import Invalid, NotFound
from app.core.security import read_link, sign_link
from app.core.time import now
from app.customers.models import Import, ImportState, UndoState
from app.customers.models.consent import EVERY_TOPIC
from app.customers.queries.consent import find_topic
from app.customers.schemas.customers import ConsentGiven
from app.customers.service.consent import note_asked, set_consent
from app.delivery.letters import words
from app.delivery.models import Sender
from app.delivery.queries import consent as queries
from app.delivery.queries import senders
from app.delivery.service.faces import face_of
from app.delivery.service.letters import queue_letter

LIFE = timedelta(days=30)
BATCH = 200
"""People asked in one step, and letters that may wait before more are written."""
SOURCE = "double opt-in"
_PURPOSE = "confirm"
_PAYLOAD = re.compile(rf"{_PURPOSE}\.(\d{{1,10}})\.(\d{{1,19}})\.(\d{{1,19}})\.(\d{{1,12}})\.([0-9a-f]{{16}})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks: whose consent, to which topic (0: all mail), for which address, since when."""

    workspace_id: int
    customer_id: int
    topic_id: int
    at: datetime
    address: str

    @property
    def over(self) -> bool:
        """Tell whether the link is older than it may be."""
        return self.at + LIFE < now()


def send(workspace_id: int, customer_id: int, topic_id: int) -> int | None:
    """Mail a customer whose consent waits for it the link that confirms it, once; return the message's id, None where nothing is to be sent.

    Nobody is asked at a suppressed address, nor where the workspace has no sender: then the consent goes on waiting.
    """
    sender = senders.find_default(workspace_id)
    if sender is None or not queries.take_unasked(workspace_id, topic_id, queries.is_customer(customer_id)):
        return None
    note_asked(workspace_id, topic_id, [customer_id])
    return _ask(workspace_id, customer_id, topic_id, sender)


def send_many(workspace_id: int, topic_id: int, since: datetime) -> bool | None:
    """Ask the next of many whose consent bears this time, as `_ask_some` does."""
    return _ask_some(workspace_id, topic_id, queries.bears(since))


def send_imported(workspace_id: int, import_id: int) -> bool | None:
    """Ask the next of those whom a file that was imported to its end brought without their yes, as `_ask_some` does."""
    return asks(workspace_id, import_id) and _ask_some(workspace_id, EVERY_TOPIC, queries.came_by_import(import_id))


def asks(workspace_id: int, import_id: int) -> bool:
    """Tell whether those in a file are to be asked: it left their consent to them, came to its end, and was not taken back."""
    row = find(Import, workspace_id, import_id)
    if row is None or row.state != ImportState.FINISHED or row.undo_state != UndoState.NONE:
        return False
    return (row.consent or {}).get("state") == "pending"


def _ask_some(workspace_id: int, topic_id: int, whom: ColumnElement[bool]) -> bool | None:
    """Ask the next of many, each once; True while there are more, None: there are, but letters jam.

    They leave in small numbers, because somebody's password may wait in the same line. Without a sender they go on waiting.
    """
    sender = senders.find_default(workspace_id)
    if sender is None:
        return False
    if queries.letters_waiting(workspace_id, sender.id, BATCH) >= BATCH:
        return None
    ids = queries.take_unasked(workspace_id, topic_id, whom, BATCH)
    note_asked(workspace_id, topic_id, ids)
    for customer_id in ids:
        _ask(workspace_id, customer_id, topic_id, sender)
    return len(ids) == BATCH


def _ask(workspace_id: int, customer_id: int, topic_id: int, sender: Sender) -> int | None:
    address = queries.address_of(workspace_id, customer_id)
    if address is None:
        return None
    face = face_of(workspace_id, sender.brand_id)
    asked = Asked(workspace_id, customer_id, topic_id, now(), _mark(address))
    letter = words.confirmation(face, about(workspace_id, topic_id), f"{settings.get().PUBLIC_URL}/confirm/{_token(asked)}")
    with suppress(Invalid):  # customers may have addresses that no server would take
        return queue_letter(workspace_id, address, letter, sender_id=sender.id, customer_id=customer_id)
    return None


def read(token: str) -> Asked:
    """Return what a link asks. Raises NotFound for one that is not ours."""
    found = _PAYLOAD.fullmatch((read_link(token) or b"").decode("ascii", "replace"))
    if found is None:
        noun = "link"
        raise NotFound(noun)
    workspace_id, customer_id, topic_id, at = (int(part) for part in found.groups()[:4])
    return Asked(workspace_id, customer_id, topic_id, datetime.fromtimestamp(at, UTC), found[5])


def standing(asked: Asked) -> str | None:
    """Return `pending` where a click still counts, `subscribed` where it is done, None where the link is over.

    It is over after thirty days, for another address than it went to, and for whoever left meanwhile.
    """
    address = queries.address_of(asked.workspace_id, asked.customer_id)
    state = queries.state_of(asked.workspace_id, asked.customer_id, asked.topic_id)
    if address is None or _mark(address) != asked.address or state == "unsubscribed":
        return None
    return state if state == "subscribed" or not asked.over else None


def confirm(asked: Asked, address: str | None) -> str | None:
    """Take the click of a person as consent, with the network address it came from; return how they stand then, as `standing` does."""
    if standing(asked) == "pending":
        wording = f"Yes, write to me: {about(asked.workspace_id, asked.topic_id)} from {face_of(asked.workspace_id).name}"
        says = {"topic_id": asked.topic_id, "state": "subscribed", "basis": "consent", "source": SOURCE}
        given = ConsentGiven.model_validate(says | {"wording": wording, "address": address})
        set_consent(asked.workspace_id, [asked.customer_id], given, Actor.system(SOURCE))
    return standing(asked)


def about(workspace_id: int, topic_id: int) -> str:
    """Return in words what a consent is to."""
    topic = find_topic(workspace_id, topic_id) if topic_id != EVERY_TOPIC else None
    return f"“{topic.name}”" if topic else "mail"


def _token(asked: Asked) -> str:
    parts = (_PURPOSE, asked.workspace_id, asked.customer_id, asked.topic_id, int(asked.at.timestamp()), asked.address)
    return sign_link(".".join(str(part) for part in parts).encode())


def _mark(address: str) -> str:
    """Return what tells an address from another, and tells nobody which it is."""
    return hashlib.sha256(address.lower().encode()).hexdigest()[:16]
