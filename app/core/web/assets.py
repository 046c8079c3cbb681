"""Addresses of built static files."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Give templates `asset(name)`."""
    app.jinja_env.globals["asset"] = lambda name: f"/static/{name}"
