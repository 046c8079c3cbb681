"""Makes up what people do with the mail of a sandbox, and brings it in the way real hits, orders and unsubscriptions come.

A batch is one transaction with the move of its cursor, and its ids follow from the messages: whatever is done again is there already.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.core.actor import Actor
from app.core.db import session
from app.core.time import now
from app.customers.models.consent import EVERY_TOPIC
from app.customers.schemas.orders import OrderIn, Who
from app.customers.service.orders import record_orders
from app.delivery import simulation
from app.delivery.hits import Hit
from app.delivery.queries import readers
from app.delivery.queries import simulation as queries
from app.delivery.service import hits
from app.delivery.service.unsubscribe import unsubscribe
from app.delivery.simulation import Act, What, event_id, plan

BATCH = 2_000
"""Messages a step at most: a second or two, for which the drain of real hits waits."""
BY = Actor.system("Simulation")


def step() -> bool:
    """Carry out the plans of the next messages of one mailing; True while there may be more."""
    moment = now()
    mailing = session().execute(queries.NEXT, {"now": moment}).one_or_none()
    if mailing is None:
        return False
    held = {"mailing_id": mailing.id, "last": mailing.last, "read_at": mailing.read_at}
    last, read_at = session().execute(queries.HOLD, held).one()
    due = _due(mailing.workspace_id, mailing.id, read_at, int(last), moment)
    links = session().scalars(queries.LINKS, {"workspace_id": mailing.workspace_id, "mailing_id": mailing.id}).all()
    _carry_out(mailing.workspace_id, due, links)
    whole = len(due) < BATCH
    told = {"last": "0", "read_at": moment} if whole else {"last": str(due[-1].id), "read_at": due[-1].at}
    session().execute(queries.MOVE, {"mailing_id": mailing.id} | told)
    return True


def _due(workspace_id: int, mailing_id: int, read_at: Any, last: int, moment: Any) -> Sequence[Any]:
    says = {"workspace_id": workspace_id, "mailing_id": mailing_id, "read_at": read_at, "last": last, "now": moment, "most": BATCH}
    says |= {"share": simulation.SHARE, "first": simulation.FIRST_WAKE, "mean": simulation.MEAN_WAKE, "latest": simulation.LAST_WAKE}
    return session().execute(queries.DUE, says).all()


def _carry_out(workspace_id: int, due: Sequence[Any], links: Sequence[int]) -> None:
    found: list[Hit] = []
    orders: list[OrderIn] = []
    leavers: list[tuple[int, str]] = []
    for row in due:
        for number, act in enumerate(plan(row.id, row.wake, links)):
            if act.what in (What.OPEN, What.CLICK):
                found.append(_hit(row, number, act))
            elif act.what is What.ORDER:
                orders.append(_order(row, act))
            else:
                leavers.append((row.id, act.address))
    hits.record(found)
    if orders:
        record_orders(workspace_id, orders, BY)
    for message_id, address in leavers:
        reader = readers.find_reader(message_id)
        if reader:
            unsubscribe(reader, EVERY_TOPIC, address, f"Unsubscribe from all mail of {reader.brand}")


def _hit(row: Any, number: int, act: Act) -> Hit:
    at = row.sent_at + timedelta(seconds=act.after)
    return Hit(event_id(row.id, number), int(at.timestamp() * 1_000_000), row.id, act.link, "GET", act.address, act.agent)


def _order(row: Any, act: Act) -> OrderIn:
    at = row.sent_at + timedelta(seconds=act.after)
    return OrderIn(customer=Who(id=row.customer_id), external_id=f"SIM-{row.id}", amount=act.amount, ordered_at=at)
