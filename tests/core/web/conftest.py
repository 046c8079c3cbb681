"""An application with the routes of toys.py."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.core.db import db
from app.core.web.principal import set_loader
from app.workspaces.models import Workspace
from config import Config
from tests.core.web.toys import api, load, pages
from tests.support import TestClient


@pytest.fixture(scope="module")
def toy_app(environment: dict[str, str]) -> Flask:
    app = create_app(Config.from_env(environment))
    set_loader(app, load)
    app.register_blueprint(api, name="toys_api")
    app.register_blueprint(pages, name="toys")
    app.test_client_class = TestClient
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.config["TESTING"] = False
    return app


@pytest.fixture
def toy(app: Flask, toy_app: Flask, session: Any) -> Iterator[FlaskClient]:
    del session
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(db._app_engines, toy_app, db._app_engines[app])
        yield toy_app.test_client()


@pytest.fixture
def workspace(session: Any) -> int:
    made = Workspace(name="Ours", slug="ours")
    session.add(made)
    session.commit()
    return made.id
