"""The mail of a campaign in a frame of its page: nothing in it runs, and it can reach nothing of ours."""

from flask import Response, make_response
from flask.typing import ResponseReturnValue

from app.campaigns.queries import campaigns
from app.campaigns.service import trial
from app.core.errors import Conflict, Invalid
from app.core.web.pages import Pages
from app.core.web.principal import Principal

pages = Pages("campaign_preview", __name__)
CSP = "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; font-src https:; frame-ancestors 'self'"


@pages.get("/campaigns/<int:campaign_id>/preview", "campaigns.view")
def show_preview(caller: Principal, campaign_id: int) -> ResponseReturnValue:
    """Show the mail as somebody gets it: with a person's data only to those who may see customers."""
    row = campaigns.get_campaign(caller.workspace_id, campaign_id)
    try:
        html = trial.mail_of(row, sees=caller.can("customers.view")).html
    except (Invalid, Conflict) as no:
        return _framed("", no.reason)
    return _framed(html)


def _framed(html: str, reason: str = "") -> Response:
    answer = make_response(html or reason)
    answer.headers["Content-Type"] = "text/html; charset=utf-8" if html else "text/plain; charset=utf-8"
    answer.headers["Content-Security-Policy"] = CSP
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer
