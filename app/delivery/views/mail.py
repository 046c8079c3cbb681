"""What the sandbox caught: a list, and each mail as it would have come."""

from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from app.core.errors import Invalid, NotFound
from app.core.web.form import Form
from app.core.web.pages import Pages, is_fragment
from app.core.web.principal import Principal
from app.delivery.queries import mail as queries
from app.delivery.reading import framed
from app.delivery.schemas.mail import MailQuery
from app.delivery.service import mail as service

pages = Pages("mail", __name__)
PARTS = ("mail", "text", "links", "headers", "source")
_FRAME = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; "
    "font-src https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@pages.get("/mail", "customers.view")
def list_mail(caller: Principal) -> ResponseReturnValue:
    """Show what was caught, newest first."""
    form = Form(MailQuery, request.args)
    try:
        query = form.parse()
        lines, following = queries.page(caller.workspace_id, query)
    except Invalid as no:
        form.refuse(no)
        query = MailQuery()
        lines, following = queries.page(caller.workspace_id, query)
    parts: dict[str, Any] = {
        "lines": lines,
        "next": following,
        "query": query,
        "mailing": queries.find_mailing(caller.workspace_id, query.mailing) if query.mailing else None,
        "names": queries.names(caller.workspace_id, {line.mailing_id for line in lines}),
        "caught": bool(lines) or queries.any_caught(caller.workspace_id),
    }
    template = "delivery/_mails.html" if is_fragment() else "delivery/mails.html"
    return render_template(template, **parts), 422 if form.errors else 200


@pages.get("/mail/<int:mail_id>", "customers.view")
def show_mail(caller: Principal, mail_id: int) -> ResponseReturnValue:
    """Show a mail: as it looks, its text, links, headers, source."""
    row, mail = service.show(caller.workspace_id, mail_id)
    part = request.args.get("part", "")
    if part not in PARTS:
        part = "mail" if mail.html else "text"
    before, after = queries.neighbours(caller.workspace_id, mail_id)
    names = queries.names(caller.workspace_id, {row.mailing_id})
    return render_template(
        "delivery/mail.html", row=row, mail=mail, part=part, before=before, after=after, mailing=names.get(row.mailing_id)
    )


@pages.get("/mail/<int:mail_id>/html", "customers.view")
def frame_mail(caller: Principal, mail_id: int) -> Response:
    """Send the HTML part for the frame: without scripts, forms and cookies of ours, with links that open elsewhere."""
    _, mail = service.show(caller.workspace_id, mail_id)
    if mail.html is None:
        noun = "part"
        raise NotFound(noun)
    answer = Response(framed(mail.html), mimetype="text/html")
    answer.headers["Content-Security-Policy"] = _FRAME
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@pages.get("/mail/<int:mail_id>/raw", "customers.view")
def download_mail(caller: Principal, mail_id: int) -> Response:
    """Send the bytes as a file."""
    answer = Response(service.bytes_of(caller.workspace_id, mail_id), mimetype="message/rfc822")
    answer.headers["Content-Disposition"] = f'attachment; filename="mail-{mail_id}.eml"'
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
