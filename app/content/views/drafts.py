"""Beside the editor: the mail as one customer would get it, and what to look at. Mail's HTML is served so that it can do nothing."""

import re

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from app.content.queries.people import lacking
from app.content.render.checks import GMAIL_BYTES, SUBJECT_CHARACTERS, Findings
from app.content.render.compiled import Source
from app.content.schemas import DraftForm
from app.content.service import drafts, previews
from app.content.starters import find
from app.core.errors import Invalid, NotFound, Unavailable
from app.core.web.form import Form
from app.core.web.pages import Pages
from app.core.web.principal import Principal
from app.customers.models import Customer
from app.segments.queries.people import look_up

pages = Pages("template_drafts", __name__)
_ASKS_THEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
MAIL_CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src * data:; style-src 'unsafe-inline' *; "
    "font-src * data:; base-uri 'self'; form-action 'none'; frame-ancestors 'self'"
)
"""A mail runs no script, sends no form, has no origin and so no cookies; only our own pages frame it."""


@pages.post("/templates/draft", permission="campaigns.view")
def look_at_draft(caller: Principal) -> ResponseReturnValue:
    """Render words that may not be saved, and say what was found."""
    form = Form(DraftForm, request.form)
    try:
        given = form.parse()
        source = Source(given.kind, given.subject, given.preheader, given.body, given.text)
        person = _who(caller, given.who)
        found = previews.preview(caller.workspace_id, source, person.id if person else None, given.name)
        key = drafts.keep(caller.workspace_id, found.mail)
    except Invalid as no:
        return render_template("templates/_answer.html", faults=no.errors)
    except Unavailable as no:
        return render_template("templates/_answer.html", faults={"": no.reason})
    return render_template(
        "templates/_answer.html",
        mail=found.mail,
        findings=found.findings,
        lacking=_lacking(caller, found.findings),
        person=person,
        unknown=given.who if given.who and person is None else None,
        address=f"/templates/draft/{key}" + ("?part=text" if given.part == "text" else ""),
        limits={"gmail": GMAIL_BYTES, "subject": SUBJECT_CHARACTERS},
    )


@pages.get("/templates/draft/<key>", permission="campaigns.view")
def show_draft(caller: Principal, key: str) -> ResponseReturnValue:
    """Show a draft in the editor's frame."""
    html, text = drafts.read(caller.workspace_id, key)
    return _mail(text, "text/plain") if request.args.get("part") == "text" else _mail(html, "text/html")


@pages.get("/templates/<int:template_id>/preview", permission="campaigns.view")
def show_saved(caller: Principal, template_id: int) -> ResponseReturnValue:
    """Show a version as a person would get it of whom nothing is known."""
    number = request.args.get("version", "")
    if number and not (number.isascii() and number.isdigit() and len(number) < 10):  # noqa: PLR2004 (more digits are no version)
        raise NotFound("version")
    found = previews.preview_saved(caller.workspace_id, template_id, int(number) if number else None, None)
    return _mail(found.mail.html, "text/html")


@pages.get("/templates/starters/<key>", permission="content.edit")
def show_starter(caller: Principal, key: str) -> ResponseReturnValue:
    """Show what a new template may begin with."""
    starter = find(key)
    if starter is None:
        raise NotFound("starter")
    source = Source(starter.kind, starter.subject, starter.preheader, starter.body, None)
    return _mail(previews.preview(caller.workspace_id, source).mail.html, "text/html")


@pages.get("/templates/people", permission="customers.view")
def suggest_people(caller: Principal) -> ResponseReturnValue:
    """Suggest customers for the preview."""
    words = request.args.get("who", "")[:200]
    return render_template("templates/_people.html", people=look_up(caller.workspace_id, words, 8))


def _mail(body: str, kind: str) -> Response:
    """Answer with a mail that can do nothing but be looked at; its links open beside the editor.

    Which theme the reader has is chosen in the editor, not by the system: a question for the theme becomes one that is always or never true.
    """
    if kind == "text/html":
        theme = "dark" if request.args.get("scheme") == "dark" else "light"
        body = _ASKS_THEME.sub(lambda found: "(min-width: 0)" if found[1].lower() == theme else "(max-width: 0)", body)
        body = body.replace("<head>", '<head><base target="_blank">', 1)
    answer = Response(body, mimetype=kind)
    answer.headers["Content-Security-Policy"] = MAIL_CSP
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _who(caller: Principal, words: str) -> Customer | None:
    """Return the customer whom the words name, the first of several."""
    if not words or not caller.can("customers.view"):
        return None
    return next(iter(look_up(caller.workspace_id, words, 1)), None)


def _lacking(caller: Principal, findings: Findings) -> dict[str, tuple[int, int]]:
    """Return how many of the newest customers lack each field that has no default, and how many were looked at."""
    if not findings.bare:
        return {}
    counts, total = lacking(caller.workspace_id, findings.bare)
    return {path: (counts.get(path, 0), total) for path in findings.bare}
