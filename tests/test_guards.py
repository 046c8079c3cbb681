"""Over every route there is: who may come in, with what token, from which workspace.

A room whose routes take ids puts into tests/factories/<room>.py:
    STRANGERS = {"customer_id": lambda workspace_id: customer(workspace_id).id}    # a row of that workspace, by argument of the route
    EXAMPLES = {CustomerIn: {"email": "ada@northlight.example"}}                   # a body that fits, by schema
"""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule
from werkzeug.test import TestResponse

from app.auth.permissions import PERMISSIONS, ROLES
from app.core.db import session
from app.core.web.guard import SAFE
from app.core.web.guard import Rule as Says
from tests.factories.auth import Browser, api_key, enter, member, signed_in, user
from tests.factories.workspaces import workspace

PUBLIC = {
    "/_components",  # outside debug and embedded mode it is not there
    "/api/v1/auth/login",
    "/api/v1/auth/refresh",
    "/api/v1/openapi.json",
    "/auth/code",
    "/auth/forgot",
    "/auth/login",
    "/auth/logout",
    "/auth/me",
    "/auth/reset/<token>",
    "/confirm/<token>",
    "/health",
    "/health/live",
    "/invitations/<token>",
    "/metrics",  # own token, or loopback
    "/u/<token>",  # the token says which message, and so whose
    "/v/<token>",  # as above
}
"""Nobody need be signed in. A new address here is a decision."""

OWN_OTHERWISE = {
    "/account/sessions/<int:session_id>/end",  # a session is one's own, not the workspace's
    "/settings/brands/<int:brand_id>/logo",  # the brand has none
    "/customers/<int:customer_id>/orders/<int:order_id>",  # the order is another customer's
}
"""Not there in one's own workspace either, with what the makers make."""

Call = tuple[str, str, Rule, Says]


def factories(name: str) -> dict[Any, Any]:
    """Return what the factories of all rooms say under this name."""
    found: dict[Any, Any] = {}
    for path in sorted((Path(__file__).parent / "factories").glob("*.py")):
        found |= getattr(importlib.import_module(f"tests.factories.{path.stem}"), name, {})
    return found


def calls(app: Flask) -> Iterator[Call]:
    """Yield (method, address with 1 for each id and x for each word, the map's rule, what the route says) of each route."""
    for rule in sorted(app.url_map.iter_rules(), key=str):
        says = getattr(app.view_functions[rule.endpoint], "rule", None)
        assert isinstance(says, Says), f"{rule}: not made by Pages or Api, so nothing guards it"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, address(app, rule, dict.fromkeys(rule.arguments, 1)), rule, says


def address(app: Flask, rule: Rule, values: dict[str, Any]) -> str:
    texts = {name: "x" for name in values if not isinstance(rule._converters[name], IntegerConverter)}
    return app.url_map.bind("localhost").build(rule.endpoint, values | texts, next(iter(rule.methods or ())))


def unsafe(app: Flask) -> list[Call]:
    return [call for call in calls(app) if call[0] not in SAFE]


def wrong(found: list[str]) -> None:
    """Fail with all that was found, one a line."""
    assert not found, "\n" + "\n".join(found)


def test_every_route_says_whom_it_lets_in(app: Flask) -> None:
    public = {str(rule) for _, _, rule, says in calls(app) if says.public}
    assert public - PUBLIC == set()


def test_every_permission_a_route_names_exists_and_somebody_holds_it(app: Flask) -> None:
    named = {says.permission for _, _, _, says in calls(app) if says.permission}
    assert named - set(PERMISSIONS) == set()
    assert named - set().union(*ROLES.values(), {"campaigns.send"}) == set()


def test_nobody_gets_in_without_signing_in(app: Flask, client: FlaskClient) -> None:
    found = []
    for method, path, _, says in calls(app):
        if says.public or method not in SAFE:
            continue
        answer = client.open(path, method=method)
        if not (answer.status_code == 401 if says.api else answer.status_code == 303 and answer.location.startswith("/auth/login")):
            found.append(f"{method} {path}: {answer.status_code}")
    wrong(found)


def test_a_key_without_scopes_gets_in_nowhere(app: Flask, client: FlaskClient) -> None:
    headers = api_key(scopes=[])
    found = []
    for method, path, _, says in calls(app):
        if says.permission and client.open(path, method=method, headers=headers).status_code != 403:
            found.append(f"{method} {path}")
    wrong(found)


@pytest.mark.parametrize("token", [None, "", "x", "ImZvcmdlZCI.ZZZ.signature"])
def test_every_unsafe_route_refuses_a_bad_csrf_token(app: Flask, client: FlaskClient, token: str | None) -> None:
    browser = signed_in(client)
    found = []
    for method, path, _, says in unsafe(app):
        if says.reads_cookie:
            headers = {"X-Workspace": str(browser.workspace_id)} | ({} if token is None else {"X-CSRFToken": token})
            answer = client.open(path, method=method, headers=headers, json={} if says.api else None)
            if answer.status_code != 400:
                found.append(f"{method} {path}: {answer.status_code}")
    wrong(found)


@pytest.mark.parametrize("said", ["another", "none", "nonsense"])
def test_every_unsafe_route_refuses_a_call_that_means_another_workspace(app: Flask, client: FlaskClient, said: str) -> None:
    browser = signed_in(client)
    number = {"another": str(member(person=user()).workspace_id), "none": "", "nonsense": "x"}[said]
    headers = {"X-Workspace": number, "X-CSRFToken": browser.csrf_token}
    found = []
    for method, path, _, says in unsafe(app):
        if says.reads_cookie and not says.public and not says.any_workspace:
            answer = client.open(path, method=method, headers=headers, json={} if says.api else None)
            if answer.status_code != 409:
                found.append(f"{method} {path}: {answer.status_code}")
    wrong(found)


def test_a_read_also_refuses_to_mean_another_workspace(app: Flask, client: FlaskClient) -> None:
    signed_in(client)
    assert client.get("/api/v1/workspace", headers={"X-Workspace": str(member().workspace_id)}).status_code == 409


def test_read_only_roles_change_nothing(app: Flask, client: FlaskClient) -> None:
    browser = signed_in(client, "client")
    found = []
    for method, path, _, says in unsafe(app):
        if says.permission and not says.permission.endswith(".view"):  # a preview is posted, and reads
            answer = browser.call(method, path, json={} if says.api else None)
            if answer.status_code != 403:
                found.append(f"{method} {path}: {answer.status_code}")
    wrong(found)


def test_a_strangers_ids_are_not_there(app: Flask, client: FlaskClient) -> None:
    """Call every route with ids of another workspace: 404, as if there were no such thing."""
    makers, examples = factories("STRANGERS"), factories("EXAMPLES")
    theirs, mine = workspace(), signed_in(client)
    found = []
    for method, _, rule, says in calls(app):
        ids = [name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)]
        if says.public or not ids:
            continue
        if missing := [name for name in ids if name not in makers]:
            found.append(f"{rule}: no maker of {missing} in STRANGERS of the room's factories")
            continue
        answer = _call(app, mine, method, rule, says, {name: makers[name](theirs.id) for name in ids}, examples)
        if answer.status_code != 404:
            found.append(f"{method} {rule}: {answer.status_code} {answer.get_data(as_text=True)[:200] if says.api else ''}")
    wrong(found)


def test_ones_own_ids_are_there(app: Flask, client: FlaskClient) -> None:
    """Hold the test above to account: the same makers, in one's own workspace, are found."""
    makers, examples, mine = factories("STRANGERS"), factories("EXAMPLES"), signed_in(client)
    found = []
    for method, _, rule, says in calls(app):
        ids = [name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)]
        if says.public or not ids or not set(ids) <= set(makers) or str(rule) in OWN_OTHERWISE:
            continue
        answer = _call(app, mine, method, rule, says, {name: makers[name](mine.workspace_id) for name in ids}, examples)
        if answer.status_code == 404:
            found.append(f"{method} {rule}")
    wrong(found)


def test_ids_beyond_bigint_are_not_there(app: Flask, client: FlaskClient) -> None:
    mine, examples = signed_in(client), factories("EXAMPLES")
    found = []
    for method, _, rule, says in calls(app):
        ids = [name for name in rule.arguments if isinstance(rule._converters[name], IntegerConverter)]
        if not says.public and ids:
            answer = _call(app, mine, method, rule, says, dict.fromkeys(ids, 2**70), examples)
            if answer.status_code != 404:
                found.append(f"{method} {rule}: {answer.status_code}")
    wrong(found)


def _call(app: Flask, mine: Browser, method: str, rule: Rule, says: Says, ids: dict[str, int], examples: dict[Any, Any]) -> TestResponse:
    path = address(app, rule, dict.fromkeys(rule.arguments, "x") | ids)
    if method in SAFE:
        return mine.get(path)
    if says.api:
        return mine.call(method, path, json=examples.get(says.body, {}) if says.body else None)
    return mine.post(path)


@pytest.mark.parametrize("role", ["owner", "analyst", "client", None])
def test_no_page_falls_over_in_a_new_workspace(app: Flask, client: FlaskClient, role: Any) -> None:
    if role is None:
        enter(client, user(), None)
    else:
        signed_in(client, role)
    found = []
    for method, path, rule, _ in calls(app):
        if method == "GET" and not rule.arguments and (answer := client.get(path)).status_code >= 500 and path != "/health":
            found.append(f"{path}: {answer.status_code}")
    wrong(found)


HOSTILE: dict[str, Callable[[], Any]] = {
    "nothing": dict,
    "long": lambda: dict.fromkeys(NAMES, "x" * 10_000),
    "emoji": lambda: dict.fromkeys(NAMES, "🦉" * 50),
    "nul": lambda: dict.fromkeys(NAMES, "a\x00b"),
    "numbers": lambda: dict.fromkeys(NAMES, 10**30),
    "lists": lambda: {name: [[], {}, None] for name in NAMES},
    "null": lambda: dict.fromkeys(NAMES),
}
FOR_JSON = {"numbers", "lists", "null"}
"""As text, which is all that forms know, these are nothing new."""
ENDS_THE_SESSION = {"auth.logout", "auth_api.logout", "account.end_all_sessions", "spaces.switch"}
NAMES = (
    *("name", "email", "username", "login", "password", "new_password", "totp", "workspace", "code", "refresh_token", "role", "may_send"),
    *("scopes", "days", "expires_at", "colour", "accent", "from_email", "reply_to", "postal_address", "zone", "currency", "locale"),
    *("sandbox", "workspace_id", "next", "criteria", "key", "label", "type", "tags", "cursor", "limit", "q", "sort"),
)


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_input_makes_a_route_fall_over(app: Flask, client: FlaskClient, kind: str) -> None:
    """Whatever the fields hold: refused or taken, never 500. A call that ends the session (numbers may be one's own) is no excuse for the next."""
    data, found = HOSTILE[kind](), []
    browser = signed_in(client)
    for method, path, rule, says in calls(app):
        if rule.endpoint in ENDS_THE_SESSION or (kind in FOR_JSON and not says.api):
            continue
        known = says.query if method in SAFE else says.body
        fields = {name: data[name] for name in known.model_fields if name in data} if known else data
        answer = _hostile(browser, method, path, says, fields)
        if not says.public and _met_nobody(answer):
            browser = signed_in(client)
            answer = _hostile(browser, method, path, says, fields)
        session().rollback()
        if not says.public and _met_nobody(answer):
            found.append(f"{method} {path}: nobody was signed in")
        if answer.status_code >= 500 and path != "/health":
            found.append(f"{method} {path}: {answer.status_code}")
    wrong(found)


def _met_nobody(answer: TestResponse) -> bool:
    return answer.status_code == 401 or (answer.location or "").startswith("/auth/login")


def _hostile(browser: Browser, method: str, path: str, says: Says, fields: dict[str, Any]) -> TestResponse:
    texts = {name: value if isinstance(value, str) else str(value) for name, value in fields.items()}
    if method in SAFE:
        return browser.client.open(path, method=method, query_string=texts)
    if says.api:
        return browser.call(method, path, json=fields)
    return browser.post(path, texts)
