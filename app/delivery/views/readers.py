"""Pages for whoever holds a message: nobody signs in, no cookie is read or set; the token in the address says which message it is."""

from flask import Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import NotFound
from app.core.web.pages import Pages
from app.customers.models.consent import EVERY_TOPIC
from app.delivery.models import MessageKind
from app.delivery.queries import readers as queries
from app.delivery.queries.readers import Reader
from app.delivery.service.unsubscribe import take_back, unsubscribe
from app.delivery.tokens import Purpose, Signer

pages = Pages("readers", __name__)


@pages.form("/u/<token>", public=True, reads_cookie=False)
def leave(_caller: None, token: str) -> ResponseReturnValue:
    """Show from what one may unsubscribe; a POST does it, from the page's button and from a mail program (RFC 8058) alike."""
    reader = _reader(Purpose.UNSUBSCRIBE, token)
    undone = False
    if reader and request.method == "POST":
        if "undo" in request.form:
            undone = take_back(reader, request.remote_addr, f"Subscribe again to {_what(reader, reader.topic_id)}")
        else:
            topic_id = EVERY_TOPIC if request.form.get("what") == "all" else reader.topic_id
            unsubscribe(reader, topic_id, request.remote_addr, f"Unsubscribe from {_what(reader, topic_id)}")
    left = queries.left(reader) if reader else set()
    page = render_template(
        "delivery/leave.html", reader=reader, left=left, undone=undone, masked=masked, every_topic=EVERY_TOPIC, what=_what
    )
    return _unseen(make_response(page))


def masked(address: str) -> str:
    """Return an address as its holder knows it again, and nobody else learns it: `a•••@example.com`."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}"


def _reader(purpose: Purpose, token: str) -> Reader | None:
    """Return who holds the message of a token; None where there is nothing left to show or change. Raises NotFound for a bad token."""
    read = Signer(current_app.config["LINK_KEYS"]).read(purpose, token)
    if read is None:
        raise NotFound("link")
    reader = queries.find_reader(read.message_id)
    return reader if reader and reader.kind == MessageKind.BULK and reader.customer_id is not None else None


def _what(reader: Reader, topic_id: int) -> str:
    return f"“{reader.topic}” of {reader.brand}" if topic_id and reader.topic else f"all mail of {reader.brand}"


def _unseen(answer: Response) -> Response:
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
