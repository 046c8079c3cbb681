"""Numbers, dates and money for people."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Give templates the filters."""
