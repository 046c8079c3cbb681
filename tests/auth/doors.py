"""What attackers do first: come in."""

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories.auth import PASSWORD


def token_on(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def sign_in(client: FlaskClient, login: str, password: str = PASSWORD, **more: str) -> TestResponse:
    token = token_on(client.get("/auth/login"))
    return client.post("/auth/login", data={"csrf_token": token, "login": login, "password": password, **more})


def tokens(client: FlaskClient, email: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


def who(client: FlaskClient, token: str) -> int:
    return client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code
