"""What the operator's tools ask: is it alive, is it well, how much does it do."""

import hmac

from flask import Response, current_app, jsonify, request

from app.core import metrics
from app.core.errors import Forbidden
from app.core.web.nearness import is_from_here
from app.core.web.pages import Pages
from app.jobs.health import checks

pages = Pages("health", __name__)


@pages.get("/health/live", public=True, reads_cookie=False)
def live(_caller: None) -> Response:
    """Say that this process answers."""
    return jsonify({"status": "ok"})


@pages.get("/health", public=True, reads_cookie=False)
def health(_caller: None) -> Response:
    """Tell how every part does: 503 where the database or Redis is away, `degraded` where only work is late.

    Figures and versions are for those who may read the metrics; anybody else learns which part is not well.
    """
    found = checks()
    down = [check.name for check in found if check.needed and not check.ok]
    status = "down" if down else "ok" if all(check.ok for check in found) else "degraded"
    told = _may_see_figures()
    parts = {check.name: {"ok": check.ok} | ({"value": check.value} if told else {}) for check in found}
    answer = jsonify({"status": status, "checks": parts})
    answer.status_code = 503 if down else 200
    return answer


@pages.get("/metrics", public=True, reads_cookie=False)
def figures(_caller: None) -> Response:
    """Give Prometheus its figures: with METRICS_TOKEN as bearer, or without one from this machine only. Raises Forbidden."""
    if not _may_see_figures():
        reason = "Figures are given to holders of METRICS_TOKEN, or on this machine where there is none."
        raise Forbidden(reason)
    body, kind = metrics.page()
    return Response(body, content_type=kind)


def _may_see_figures() -> bool:
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode()) if token else is_from_here()
