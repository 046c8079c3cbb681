"""docs/endpoints.md promises what the application answers."""

import re
from pathlib import Path

import pytest
from flask import Flask

ENDPOINTS = Path(__file__).parent.parent / "docs" / "endpoints.md"
_PART = re.compile(r"<[^>]+>|\{[^}]+\}")


def promised() -> list[tuple[str, str]]:
    """Return (method, path) of every endpoint the map names without *later*."""
    found = []
    for line in ENDPOINTS.read_text().splitlines():
        cells = line.split("|")
        if len(cells) == 4 and "later" not in cells[2]:
            found += re.findall(r"`(GET|POST|PATCH|PUT|DELETE) (/[^`?]*)`", cells[2])
    return sorted(set(found))


@pytest.mark.parametrize(("method", "path"), promised())
def test_the_map_of_endpoints_is_true(app: Flask, method: str, path: str) -> None:
    known = {(m, _PART.sub("*", rule.rule)) for rule in app.url_map.iter_rules() for m in rule.methods or ()}
    if (method, _PART.sub("*", path)) not in known:
        pytest.fail(f"{method} {path} is promised in docs/endpoints.md, but nothing answers there.")
