import json
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import Markup

from app.core.web.assets import Assets


@pytest.fixture
def built(tmp_path: Path) -> Assets:
    manifest = {"files": {"app.css": "app-1A2B3C4D.css", "icons.svg": "icons-5E6F7A8B.svg"}, "icons": ["check"]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return Assets(tmp_path)


def test_a_file_has_the_address_with_its_hash(built: Assets) -> None:
    assert built.url("app.css") == "/static/app-1A2B3C4D.css"


def test_an_icon_comes_from_the_sprite_and_is_hidden_from_screen_readers(built: Assets) -> None:
    icon = built.icon("check", "big")
    assert icon == '<svg class="fl-i big" aria-hidden="true"><use href="/static/icons-5E6F7A8B.svg#check"/></svg>'
    assert isinstance(icon, Markup)


def test_a_name_that_the_build_does_not_know_is_a_mistake(built: Assets) -> None:
    with pytest.raises(LookupError, match=r"no app\.scss"):
        built.url("app.scss")
    with pytest.raises(LookupError, match=r"no icon tick: .*icons\.txt"):
        built.icon("tick")


def test_without_a_build_pages_still_render(tmp_path: Path) -> None:
    bare = Assets(tmp_path)
    assert not bare.built
    assert bare.url("app.css") == "/static/app.css"
    assert "icons.svg#anything" in bare.icon("anything")


def test_a_class_cannot_break_out_of_its_attribute(built: Assets) -> None:
    assert '"><script>' not in built.icon("check", '"><script>')


@pytest.mark.parametrize(("takes", "packed"), [("gzip, br", "br"), ("gzip", "gzip"), ("", None)])
def test_what_the_bundle_holds_is_sent_packed_to_whoever_takes_it(app: Flask, takes: str, packed: str | None) -> None:
    with app.test_request_context():
        url = app.jinja_env.globals["asset"]("app.css")
    answer = app.test_client().get(url, headers={"Accept-Encoding": takes}, buffered=True)
    assert (answer.status_code, answer.headers.get("Content-Encoding"), answer.headers["Vary"]) == (200, packed, "Accept-Encoding")
    assert "default-src" in answer.headers["Content-Security-Policy"]
    assert len(answer.data) < (30_000 if packed else 150_000)
    answer.close()
