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
from app.delivery.service.web_versions import web_version
from app.delivery.tokens import Purpose, Signer

pages = Pages("readers", __name__)
_WALL = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline' *; font-src *; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pages.form("/u/<token>", public=True, reads_cookie=False)
def leave(_caller: None, token: str) -> ResponseReturnValue:
    """Show from what one may unsubscribe; a POST does it, from the page's button and from a mail program (RFC 8058) alike."""
    try:
        reader = _reader(_signer(), Purpose.UNSUBSCRIBE, token)
    except NotFound:
        return broken_link()
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


@pages.get("/v/<token>", public=True, reads_cookie=False)
def view(_caller: None, token: str) -> ResponseReturnValue:
    """Show a mail as a page, walled off from everything else of ours."""
    signer = _signer()
    try:
        reader = _reader(signer, Purpose.VIEW, token)
    except NotFound:
        return broken_link()
    mail = web_version(reader, signer, current_app.config["PUBLIC_URL"]) if reader else None
    if mail is None:
        return _unseen(make_response(render_template("delivery/no_web_version.html", brand=reader.brand if reader else "")))
    answer = _unseen(Response(mail.html, mimetype="text/html"))
    answer.headers["Content-Security-Policy"] = _WALL
    return answer


def broken_link() -> Response:
    """Say to whoever followed a link out of a mail that it is not whole: they know nothing of Fairlead and have no account."""
    return _unseen(make_response(render_template("delivery/broken_link.html"), 404))


def masked(address: str) -> str:
    """Return an address as its holder knows it again, and nobody else learns it: `a•••@example.com`."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}"


def _signer() -> Signer:
    return Signer(current_app.config["LINK_KEYS"])


def _reader(signer: Signer, purpose: Purpose, token: str) -> Reader | None:
    """Return who holds the message of a token; None where there is nothing left to show or change. Raises NotFound for a bad token."""
    read = signer.read(purpose, token)
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
