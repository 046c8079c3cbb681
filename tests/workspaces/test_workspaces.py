"""Workspaces: made, changed, switched; real or simulated for life."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.audit.models import AuditEntry
from app.core import registry
from app.core.db import any_workspace, session
from app.workspaces.models import Brand, Workspace
from app.workspaces.schemas import LOCALES, WorkspaceIn, currencies, zones
from tests.factories.auth import api_key, enter, member, signed_in, user
from tests.factories.customers import an_order
from tests.factories.workspaces import workspace

GOOD = {"name": "Northlight", "currency": "EUR", "zone": "Europe/Berlin", "locale": "de"}


def test_somebody_without_one_makes_one_and_owns_it(client: FlaskClient) -> None:
    browser = signed_in(client)
    person = user("Grace")
    enter(client, person, None)
    assert client.get("/").location == "/workspaces/new"
    answer = browser.post("/workspaces/new", GOOD | {"_workspace": "", "sandbox": "true"})
    assert answer.status_code == 303
    me = client.get("/auth/me").get_json()
    assert (me["role"], me["workspace"]["name"], me["workspace"]["sandbox"]) == ("owner", "Northlight", True)
    assert me["workspace"]["currency"] == "EUR"
    (brand,) = session().scalars(sa.select(Brand).where(Brand.workspace_id == me["workspace"]["id"]))
    assert brand.name == "Northlight"


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("currency", "XXX", "This is not a currency in use, such as USD or EUR."),
        ("currency", "DEM", "This is not a currency in use, such as USD or EUR."),
        ("zone", "Berlin", "This is not a time zone, such as Europe/Berlin."),
        ("zone", "../../etc/passwd", "This is not a time zone, such as Europe/Berlin."),
        ("locale", "xx", "One of: "),
        ("name", "", "This is needed."),
        ("name", "x" * 201, "At most 200 characters."),
    ],
)
def test_what_does_not_fit_is_named(client: FlaskClient, field: str, value: str, why: str) -> None:
    browser = signed_in(client)
    answer = browser.post("/settings/workspace", GOOD | {field: value})
    assert answer.status_code == 422
    page = answer.get_data(as_text=True)
    assert f'id="f-{field}-why"' in page
    assert why in page


def test_settings_change_and_the_log_tells_what(client: FlaskClient) -> None:
    browser = signed_in(client, "admin")
    before = session().get_one(Workspace, browser.workspace_id).name
    assert browser.post("/settings/workspace", GOOD).status_code == 303
    (entry,) = session().scalars(sa.select(AuditEntry).where(AuditEntry.workspace_id == browser.workspace_id))
    assert entry.action == "workspace.updated"
    assert entry.before == {"name": before, "currency": "USD", "zone": "UTC", "locale": "en"}
    assert entry.after == GOOD


def test_it_stays_real_or_simulated_for_life(client: FlaskClient) -> None:
    browser = signed_in(client, workspace=workspace(sandbox=True))
    assert browser.post("/settings/workspace", GOOD | {"sandbox": ""}).status_code == 422
    headers = api_key(membership=member())
    assert client.put("/api/v1/workspace", json=GOOD | {"sandbox": True}, headers=headers).get_json()["errors"].keys() == {"sandbox"}


def test_the_currency_stays_once_amounts_stand_in_it(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "currency_uses", [lambda _: None, lambda _: "There are 12 orders in it."])
    browser = signed_in(client)
    answer = browser.post("/settings/workspace", GOOD)
    assert answer.status_code == 422
    assert "There are 12 orders in it." in answer.get_data(as_text=True)
    assert browser.post("/settings/workspace", GOOD | {"currency": "USD"}).status_code == 303


def test_one_goes_to_a_workspace_of_ones_own_only(client: FlaskClient) -> None:
    browser = signed_in(client)
    second = member(role="client", person=session().get_one(type(user()), browser.user_id))
    assert browser.post("/workspaces/switch", {"workspace_id": second.workspace_id}).status_code == 303
    me = client.get("/auth/me").get_json()
    assert (me["workspace"]["id"], me["role"]) == (second.workspace_id, "client")
    stranger = workspace().id
    for wanted, status in ((stranger, 404), ("x", 422), ("", 422), (2**40, 422)):
        assert browser.post("/workspaces/switch", {"workspace_id": wanted}).status_code == status


def test_a_second_tab_cannot_write_into_the_wrong_workspace(client: FlaskClient) -> None:
    browser = signed_in(client)
    second = member(person=session().get_one(type(user()), browser.user_id))
    browser.post("/workspaces/switch", {"workspace_id": second.workspace_id})
    assert browser.post("/settings/workspace", GOOD).status_code == 409  # the form still carries the first workspace
    names = dict(session().execute(any_workspace(sa.select(Workspace.id, Workspace.name))).all())
    assert "Northlight" not in {names[browser.workspace_id], names[second.workspace_id]}


def test_slugs_are_plain_and_one_of_a_kind(client: FlaskClient) -> None:
    headers = api_key()
    browser = signed_in(client)
    slugs = []
    for name in ("Łódź & Söhne!", "Łódź & Söhne!", "日本"):
        browser.post("/workspaces/new", GOOD | {"name": name, "_workspace": client.get("/auth/me").get_json()["workspace"]["id"]})
        slugs.append(session().scalars(sa.select(Workspace.slug).order_by(Workspace.id.desc()).limit(1)).one())
    assert slugs[0] == "odz-sohne"
    assert slugs[1].startswith("odz-sohne-")
    assert slugs[2] == "workspace"
    assert headers


def test_the_parts_of_the_settings_are_those_one_may_see(client: FlaskClient) -> None:
    pages = {role: signed_in(client, role).get("/settings") for role in ("owner", "marketer", "analyst")}
    links = {
        role: {part.href for part in registry.settings if f'href="{part.href}"' in page.get_data(as_text=True)}
        for role, page in pages.items()
    }
    assert links["owner"] == {part.href for part in registry.settings}
    assert "/settings/api-keys" not in links["marketer"]
    assert "/settings/brands" in links["marketer"]
    assert pages["analyst"].status_code == 403


def test_by_api(client: FlaskClient) -> None:
    headers = api_key()
    assert client.put("/api/v1/workspace", json=GOOD, headers=headers).get_json()["zone"] == "Europe/Berlin"
    assert client.get("/api/v1/workspace", headers=headers).get_json()["currency"] == "EUR"


def test_lists_of_choices_are_whole() -> None:
    assert {"USD", "EUR", "JPY", "NGN", "CHF"} <= set(currencies())
    assert not {"XXX", "DEM", "FRF"} & set(currencies())
    assert {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"} <= set(zones())
    assert all(WorkspaceIn(name="x", locale=locale).locale == locale for locale in LOCALES)
    assert WorkspaceIn(name="x", currency="eur", locale="en-GB").model_dump(include={"currency", "locale"}) == {
        "currency": "EUR",
        "locale": "en_GB",
    }


def test_the_first_order_fixes_the_currency(client: FlaskClient) -> None:
    browser = signed_in(client)
    an_order(browser.workspace_id)
    answer = browser.post("/settings/workspace", GOOD | {"currency": "EUR"})
    assert answer.status_code == 422
    assert "There are orders" in answer.get_data(as_text=True)
