"""A mailer in a thread, and mailings for it."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app.core.db import session
from app.customers.models import Customer
from app.customers.service.activities import register_source
from app.delivery.mailer.engine import Engine
from app.delivery.models import Mailing, Message, MessageState, Sender
from app.delivery.service import mailings
from app.delivery.service.mailings import Words
from tests.factories.customers import a_consent, a_customer

WORDS = Words(
    "html",
    "Hello {{ customer.first_name | default('there') }}",
    "",
    '<p>Hello {{ customer.first_name }}</p><a href="https://shop.example/sale">Sale</a>',
    None,
    {"name": "Northlight", "postal_address": "12 Harbour Row"},
    "hello@northlight.example",
    from_name="Northlight",
)


def a_sender(workspace_id: int, port: int, **says: Any) -> Sender:
    """Make an SMTP sender on this machine."""
    given = {
        "name": "Main",
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "from_email": "hello@northlight.example",
        "connections": 4,
    }
    row = Sender(workspace_id=workspace_id, **given | says)
    session().add(row)
    session().flush()
    return row


def people(workspace_id: int, locals_: Sequence[str]) -> list[Customer]:
    """Make customers who agreed, with these local parts."""
    found = []
    for local in locals_:
        found.append(a_customer(workspace_id, email=f"{local}@x.example", first_name=local.capitalize()))
        a_consent(found[-1])
    return found


def a_mailing(sender: Sender, among: Sequence[Customer], words: Words = WORDS, **says: Any) -> int:
    """Make a mailing to these customers and open it. Commits."""
    place = sender.workspace_id
    row = mailings.create_mailing(place, "Autumn", sender.id, words, source_id=register_source(place, "campaign", "Autumn"), **says)
    ids = [customer.id for customer in among]
    mailings.add_people(place, row.id, sa.select(Customer.id).where(Customer.workspace_id == place, Customer.id.in_(ids)))
    mailings.open_mailing(place, row.id)
    session().commit()
    return row.id


@contextlib.contextmanager
def mailer(app: Flask, name: str = "here") -> Iterator[Engine]:
    """Run a mailer meanwhile."""
    asked = threading.Event()
    made: list[Engine] = []

    async def run() -> None:
        made.append(Engine(app, asked.is_set, name))
        await made[0].run()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    until(lambda: bool(made))
    try:
        yield made[0]
    finally:
        asked.set()
        thread.join(15)
        assert not thread.is_alive()


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, states()
        time.sleep(0.02)


def states(mailing_id: int | None = None) -> dict[str, tuple[str, str | None]]:
    """Return each message's state and reason by the local part of its address."""
    rows = sa.text(
        "select split_part(address, '@', 1), state, reason from messages where :m is null or mailing_id = cast(:m as bigint) order by id"
    )
    found = session().execute(rows, {"m": mailing_id}).all()
    session().rollback()
    return {row[0]: (MessageState(row[1]).name.lower(), row[2]) for row in found}


def is_done(mailing_id: int) -> bool:
    """Tell whether a mailing is done."""
    state = session().execute(sa.text("select state from mailings where id = :m"), {"m": mailing_id}).scalar()
    session().rollback()
    return state == "done"


def message_of(address: str) -> Message:
    """Return the message to an address."""
    return session().scalars(sa.select(Message).where(Message.workspace_id > 0, Message.address == address)).one()


def the_mailing(mailing_id: int) -> Mailing:
    """Return a mailing as it stands in the database."""
    return (
        session()
        .scalars(sa.select(Mailing).where(Mailing.workspace_id > 0, Mailing.id == mailing_id).execution_options(populate_existing=True))
        .one()
    )
