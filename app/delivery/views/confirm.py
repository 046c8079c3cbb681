"""The page on which somebody says that they want mail. Nobody signs in, and no cookie is read."""

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import NotFound
from app.core.web.pages import Pages
from app.delivery.service import confirmations as service
from app.delivery.service.faces import face_of
from app.delivery.views.readers import broken_link

pages = Pages("confirm", __name__)


@pages.form("/confirm/<token>", public=True, reads_cookie=False)
def confirm(_caller: None, token: str) -> ResponseReturnValue:
    """Ask with one button; only its POST is a yes: scanners of mail follow links."""
    try:
        asked = service.read(token)
    except NotFound:
        return broken_link()
    state = service.confirm(asked, request.remote_addr) if request.method == "POST" else service.standing(asked)
    says = {"brand": face_of(asked.workspace_id).name, "about": service.about(asked.workspace_id, asked.topic_id)}
    answer = make_response(render_template("delivery/confirm.html", state=state, **says), 200 if state else 404)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
