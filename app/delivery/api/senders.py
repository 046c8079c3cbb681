"""Senders as JSON."""

from dataclasses import asdict
from typing import Any

from app.core.schemas import Page
from app.core.web.api import Api
from app.core.web.principal import Principal
from app.delivery.models import Sender
from app.delivery.queries import senders as queries
from app.delivery.schemas.senders import SenderIn, SenderOut, SenderPatch, TestIn, TestOut
from app.delivery.service import sender_tests
from app.delivery.service import senders as service

api = Api("senders", __name__)


@api.get("/senders", permission="settings.view", returns=Page[SenderOut], summary="List the senders")
def list_senders(caller: Principal) -> dict[str, Any]:
    """Return the senders of the workspace, the default one first. There are few: one page."""
    return {"items": _out(caller.workspace_id, *queries.list_senders(caller.workspace_id))}


@api.post("/senders", permission="settings.edit", body=SenderIn, returns=SenderOut, status=201, summary="Create a sender")
def create_sender(caller: Principal, body: SenderIn) -> Any:
    """Add an SMTP account that mail is handed to. A sandbox workspace has its one sender already."""
    return _out(caller.workspace_id, service.create(caller.workspace_id, body, caller.actor))[0]


@api.get("/senders/<int:sender_id>", permission="settings.view", returns=SenderOut, summary="Read a sender")
def get_sender(caller: Principal, sender_id: int) -> Any:
    """Return one sender, without its password."""
    return _out(caller.workspace_id, queries.get_sender(caller.workspace_id, sender_id))[0]


@api.patch("/senders/<int:sender_id>", permission="settings.edit", body=SenderPatch, returns=SenderOut, summary="Change a sender")
def update_sender(caller: Principal, sender_id: int, body: SenderPatch) -> Any:
    """Change the fields given. Another host drops the password unless it comes along."""
    return _out(caller.workspace_id, service.update(caller.workspace_id, sender_id, body, caller.actor))[0]


@api.delete("/senders/<int:sender_id>", permission="settings.edit", summary="Delete a sender")
def delete_sender(caller: Principal, sender_id: int) -> None:
    """Remove a sender and its password; refused with 409 while a campaign is to be sent by it."""
    service.delete(caller.workspace_id, sender_id, caller.actor)


@api.post("/senders/<int:sender_id>/test", permission="settings.edit", body=TestIn, returns=TestOut, summary="Test a sender's connection")
def test_sender(caller: Principal, sender_id: int, body: TestIn) -> Any:
    """Connect, encrypt, log in, and send a test letter where `to` is given; ten seconds at most. A failed step is an answer, no error."""
    found = sender_tests.run(caller.workspace_id, sender_id, body.to, caller.actor)
    return {"ok": all(step.ok for step in found), "steps": [asdict(step) for step in found]}


def _out(workspace_id: int, *rows: Sender) -> list[SenderOut]:
    held, rates = queries.held_until(workspace_id), queries.rates(workspace_id)
    names = SenderOut.model_fields.keys() - {"has_password", "held_until", "rate"}
    return [
        SenderOut(
            **{name: getattr(row, name) for name in names},
            has_password=row.password is not None,
            held_until=held.get(row.id),
            rate=round(rates.get(row.id, 0), 2),
        )
        for row in rows
    ]
