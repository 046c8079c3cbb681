"""Addresses of built static files (`static/dist`, made by `npm run build`), and icons from its sprite."""

import json
from functools import lru_cache
from pathlib import Path

import structlog
from flask import Flask
from markupsafe import Markup

DIST = Path(__file__).resolve().parents[3] / "static" / "dist"


class Assets:
    """What the front-end build made: plain names (`app.css`) to names with a content hash, which may be cached for ever.

    Without a build (a checkout that never ran it) plain names are given back, so that pages still render for tests; a name
    that a build does not know is a mistake in a template and raises LookupError.
    """

    def __init__(self, dist: Path, prefix: str = "/static/") -> None:
        self._prefix = prefix
        manifest = dist / "manifest.json"
        self.built = manifest.is_file()
        made = json.loads(manifest.read_text("utf-8")) if self.built else {"files": {}, "icons": []}
        self._files: dict[str, str] = made["files"]
        self._icons = frozenset[str](made["icons"])
        self._draw = lru_cache(maxsize=512)(self._drawn)

    def url(self, name: str) -> str:
        """Return the address of a built file. Raises LookupError."""
        if self.built and name not in self._files:
            msg = f"The front-end build makes no {name}."
            raise LookupError(msg)
        return self._prefix + self._files.get(name, name)

    def icon(self, name: str, css: str = "") -> Markup:
        """Return an icon as SVG, hidden from screen readers: the word beside it speaks. Raises LookupError."""
        return self._draw(name, css)

    def _drawn(self, name: str, css: str) -> Markup:
        if self.built and name not in self._icons:
            msg = f"There is no icon {name}: add the name to static/src/icons.txt."
            raise LookupError(msg)
        classes = f"fl-i {css}".strip()
        return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(classes, self.url("icons.svg"), name)


def init_app(app: Flask) -> None:
    """Give templates `asset(name)` and `icon(name)`."""
    assets = Assets(DIST)
    if not assets.built:
        structlog.get_logger().warning("static/dist is not built: pages have no style", build="npm --prefix static run build")
    app.extensions["assets"] = assets
    app.jinja_env.globals.update(asset=assets.url, icon=assets.icon)
