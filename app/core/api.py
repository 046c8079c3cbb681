"""The API's own description."""

from flask import Response, current_app, jsonify

from app.core.web.openapi import document
from app.core.web.pages import Pages

pages = Pages("openapi", __name__)


@pages.get("/api/v1/openapi.json", public=True, reads_cookie=False)
def openapi(_caller: None) -> Response:
    """Return the OpenAPI document."""
    return jsonify(document(current_app))
