"""Attacks on sign-in, sessions, tokens and roles, each as somebody would try it."""

import base64
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.auth import service
from app.auth.models import ApiKey, Invitation, Membership, User
from app.core.db import any_workspace, session
from app.core.security import seal, token_keys
from app.workspaces.models import Workspace
from tests.factories.auth import PASSWORD, api_key, enter, member, signed_in, user
from tests.factories.workspaces import brand, workspace

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


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


# Sessions


def test_a_session_planted_before_sign_in_is_worth_nothing_after_it(client: FlaskClient, app: Flask) -> None:
    ada = session().get_one(User, member().user_id)
    thief = app.test_client()
    thief.get("/auth/login")
    planted = thief.get_cookie("fairlead")
    client.set_cookie("fairlead", planted.value)
    assert sign_in(client, ada.email).status_code == 303
    assert client.get("/auth/me").status_code == 200
    assert thief.get("/auth/me").status_code == 401
    assert client.get_cookie("fairlead").value != planted.value


def test_the_token_of_the_page_before_sign_in_is_refused_after_it(client: FlaskClient) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    old = token_on(client.get("/auth/login"))
    client.post("/auth/login", data={"csrf_token": old, "login": ada.email, "password": PASSWORD})
    answer = client.post("/account/preferences", data={"csrf_token": old, "_workspace": row.workspace_id, "locale": "de"})
    assert answer.status_code == 400


def test_nobody_is_signed_in_by_a_page_elsewhere(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    answer = client.post("/auth/login", data={"login": ada.email, "password": PASSWORD}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 400
    assert client.get("/auth/me").status_code == 401


def test_signing_out_ends_the_session_itself(client: FlaskClient, app: Flask) -> None:
    browser = signed_in(client)
    stolen = app.test_client()
    stolen.set_cookie("fairlead", client.get_cookie("fairlead").value)
    assert stolen.get("/auth/me").status_code == 200
    browser.post("/auth/logout")
    assert stolen.get("/auth/me").status_code == 401


def test_the_cookie_cannot_be_read_by_scripts_and_stays_on_this_site(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    (set_cookie,) = sign_in(client, ada.email).headers.getlist("Set-Cookie")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(set_cookie.split("; "))
    assert "Domain" not in set_cookie


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "javascript:alert(1)", "/\t/evil.example",
        "/\n/evil.example", " //evil.example", "evil.example", "http:evil.example", "/\x00/evil.example", "/\u2028/evil.example", "///evil.example",
    ],
)  # fmt: skip
def test_sign_in_leads_to_no_other_site(client: FlaskClient, wanted: str) -> None:
    ada = session().get_one(User, member().user_id)
    answer = sign_in(client, ada.email, next=wanted)
    assert answer.headers.get("Location", "/") == "/"
    assert client.get("/auth/login", query_string={"next": wanted}).headers.get("Location", "/") == "/"


def test_no_link_is_built_from_the_host_header(client: FlaskClient) -> None:
    browser = signed_in(client)
    poison = {"Host": "localhost", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    page = browser.post("/settings/members/invite", {"email": "new@northlight.example", "role": "client"}, headers=poison)
    assert page.status_code == 200
    assert "evil.example" not in page.text
    asked = client.get("/", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in asked.headers["Location"]


def test_private_pages_are_kept_by_nobody_and_framed_by_nobody(client: FlaskClient) -> None:
    signed_in(client)
    answer = client.get("/account")
    assert (answer.status_code, answer.headers["Cache-Control"], answer.headers["X-Frame-Options"]) == (200, "no-store", "DENY")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


# Guessing


def test_a_forged_forwarded_address_buys_no_more_guesses(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    said = [
        client.post(
            "/api/v1/auth/login",
            json={"email": ada.email, "password": "wrong"},
            headers={"X-Forwarded-For": f"10.1.1.{n}", "X-Real-IP": f"10.1.1.{n}"},
        ).status_code
        for n in range(7)
    ]
    assert said == [401] * 5 + [429] * 2


def test_the_password_cannot_be_guessed_from_within_a_stolen_session(client: FlaskClient) -> None:
    browser = signed_in(client)
    said = []
    for n in range(8):
        data = {"email": "thief@evil.example", "password": f"guess-number-{n}"}
        said.append(browser.post("/account/email", data).status_code)
    assert 429 in said


def test_unknown_names_leave_a_trace_and_the_same_words(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    noted: list[tuple[Any, str]] = []
    monkeypatch.setattr("app.audit.service.record_refused", lambda place, _by, _what, why, _subject: noted.append((place, why)))
    names, place = (ada.email, "nobody@northlight.example"), row.workspace_id
    wrong, unknown = (client.post("/api/v1/auth/login", json={"email": name, "password": "wrong"}) for name in names)
    assert (wrong.status_code, wrong.json) == (unknown.status_code, unknown.json)
    assert noted == [(place, "wrong password"), (None, "unknown name")]


def test_asking_for_a_reset_does_the_same_work_for_everybody(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    pages, writes = [], []
    for login in (ada.email, "nobody@northlight.example"):
        token = token_on(client.get("/auth/forgot"))
        seen: list[str] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a, seen=seen: seen.append(a[2]))
        try:
            pages.append(client.post("/auth/forgot", data={"csrf_token": token, "login": login}))
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        writes.append(any(text.startswith("INSERT") for text in seen))
    assert [page.status_code for page in pages] == [200, 200]
    assert writes == [True, True]  # a commit that writes waits for the disk, one that does not is faster: that can be measured


def test_a_one_time_code_is_good_once_and_guesses_are_slowed(client: FlaskClient, app: Flask) -> None:
    with time_machine.travel(START, tick=False):
        row = member()
        ada = session().get_one(User, row.user_id)
        secret = pyotp.random_base32()
        ada.totp_secret, ada.totp_since = seal(secret), START
        code = pyotp.TOTP(secret).at(START)
        assert client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "totp": code}).status_code == 200
        again = client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "totp": code})
        assert again.status_code == 401
        said = [
            client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "totp": f"{n:06}"}).status_code
            for n in range(6)
        ]
        assert said[-1] == 429
        assert app.test_client().get("/auth/code").headers["Location"] == "/auth/login"


def test_the_code_cannot_be_skipped(client: FlaskClient) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    ada.totp_secret, ada.totp_since = seal(pyotp.random_base32()), START
    assert sign_in(client, ada.email).headers["Location"] == "/auth/code"
    assert client.get("/auth/me").status_code == 401
    assert client.get("/account").headers["Location"].startswith("/auth/login")
    assert client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD}).status_code == 422


# Bearer tokens


def forged(claims: dict[str, Any], secret: str, algorithm: str, **headers: Any) -> str:
    return jwt.encode(claims, secret, algorithm=algorithm, headers=headers)


def test_forged_tokens_are_refused(client: FlaskClient, app: Flask) -> None:
    row = member()
    ada = session().get_one(User, row.user_id)
    good = tokens(client, ada.email)["access_token"]
    assert who(client, good) == 200
    with app.app_context():
        kid, secret = next(iter(token_keys().items()))
        session_key = app.config["SECRET_KEYS"][0]
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, _ = good.split(".")
    bad = [
        forged(claims, "", "none", kid=kid),
        f"{head}.{body}.",
        f"{head}.{body}",
        forged(claims, session_key, "HS256", kid=kid),
        forged(claims, "x" * 64, "HS256", kid=kid),
        forged(claims, secret, "HS512", kid=kid),
        forged(claims, secret, "HS256", kid="unknown"),
        forged(claims, secret, "HS256"),
        forged(claims, secret, "HS256", kid=""),
        forged(claims | {"aud": "pages"}, secret, "HS256", kid=kid),
        forged(claims | {"iss": "other"}, secret, "HS256", kid=kid),
        forged(claims | {"exp": 1}, secret, "HS256", kid=kid),
        forged(claims | {"sub": "1e3"}, secret, "HS256", kid=kid),
        forged(claims | {"sub": str(2**70)}, secret, "HS256", kid=kid),
        forged(claims | {"ws": 2**40}, secret, "HS256", kid=kid),
        forged(claims | {"fam": "not a uuid"}, secret, "HS256", kid=kid),
        forged({**claims, "ver": claims["ver"] - 1}, secret, "HS256", kid=kid),
        "", ".", "..", "fl_", "fl_" + "x" * 43, "\x00", "é",
    ]  # fmt: skip
    assert [who(client, token) for token in bad] == [401] * len(bad)


def test_a_token_ends_with_its_time_its_version_its_membership_and_its_family(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        row = member()
        ada = session().get_one(User, row.user_id)
        first = tokens(client, ada.email)
        clock.shift(timedelta(minutes=14, seconds=59))
        assert who(client, first["access_token"]) == 200
        clock.shift(timedelta(seconds=1))
        assert who(client, first["access_token"]) == 401
        second = client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]}).json
        assert who(client, second["access_token"]) == 200
        reused = client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
        assert reused.status_code == 401
        assert who(client, second["access_token"]) == 401
        assert client.post("/api/v1/auth/refresh", json={"refresh_token": second["refresh_token"]}).status_code == 401
        third = tokens(client, ada.email)
        ada = session().get_one(User, row.user_id)
        ada.auth_version += 1
        assert who(client, third["access_token"]) == 401
        assert client.post("/api/v1/auth/refresh", json={"refresh_token": third["refresh_token"]}).status_code == 401


def test_a_refresh_token_does_not_live_for_ever(client: FlaskClient) -> None:
    with time_machine.travel(START, tick=False) as clock:
        ada = session().get_one(User, member().user_id)
        refresh = tokens(client, ada.email)["refresh_token"]
        alive = 0
        for _ in range(20):
            clock.shift(timedelta(days=29))
            answer = client.post("/api/v1/auth/refresh", json={"refresh_token": refresh})
            if answer.status_code != 200:
                break
            alive, refresh = alive + 1, answer.json["refresh_token"]
        assert alive < 20


def test_tokens_are_not_each_others(client: FlaskClient) -> None:
    ada = session().get_one(User, member().user_id)
    both = tokens(client, ada.email)
    assert who(client, both["refresh_token"]) == 401
    assert client.post("/api/v1/auth/refresh", json={"refresh_token": both["access_token"]}).status_code in {401, 422}
    other = workspace()
    answer = client.post("/api/v1/auth/login", json={"email": ada.email, "password": PASSWORD, "workspace": other.id})
    assert answer.status_code == 422


# API keys


def test_a_key_never_does_more_than_its_maker_may_now(client: FlaskClient) -> None:
    row = member(role="admin")
    key = api_key(membership=row)
    assert client.get("/api/v1/members", headers=key).status_code == 200
    row.role, row.may_send = "client", False
    assert client.get("/api/v1/members", headers=key).status_code == 403
    session().delete(session().get_one(Membership, row.id))
    assert client.get("/api/v1/auth/me", headers=key).status_code == 401


def test_a_key_dies_with_the_membership_and_does_not_rise_again(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    place = owner.workspace_id
    leaver = member(session().get_one(Workspace, place), "admin")
    key, who_left = api_key(membership=leaver), leaver.user_id
    assert owner.call("DELETE", f"/api/v1/members/{leaver.id}").status_code == 204
    assert app.test_client().get("/api/v1/auth/me", headers=key).status_code == 401
    member(session().get_one(Workspace, place), "admin", person=session().get_one(User, who_left))
    assert app.test_client().get("/api/v1/auth/me", headers=key).status_code == 401


def test_a_key_makes_no_greater_key_nor_a_greater_member(client: FlaskClient) -> None:
    row = member(role="owner")
    small = api_key(membership=row, scopes=["api_keys.edit", "members.edit"])
    made = client.post("/api/v1/api-keys", json={"name": "Bigger", "scopes": ["customers.view"]}, headers=small)
    asked = client.post("/api/v1/invitations", json={"email": "me@evil.example", "role": "analyst"}, headers=small)
    changed = client.patch(f"/api/v1/members/{row.id}", json={"role": "client"}, headers=small)
    assert (made.status_code, asked.status_code, changed.status_code) == (403, 403, 403)


def test_a_key_is_no_person(client: FlaskClient) -> None:
    key = api_key()
    for path, data in (
        ("/account/password", {"password": PASSWORD, "new_password": "another-long-one"}),
        ("/workspaces/new", {"name": "X"}),
    ):
        assert client.post(path, data=data, headers=key).status_code == 401


# Roles


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst", "client"])
def test_nobody_raises_themselves(client: FlaskClient, role: str) -> None:
    browser = signed_in(client, role)  # type: ignore[arg-type]
    answer = browser.call("PATCH", f"/api/v1/members/{browser.membership_id}", {"role": "owner", "may_send": True})
    assert answer.status_code == 403
    form = browser.post(f"/settings/members/{browser.membership_id}", {"role": "owner", "may_send": "true"})
    assert form.status_code == 403
    session().expire_all()
    assert session().scalar(any_workspace(sa.select(Membership.role).where(Membership.id == browser.membership_id))) == role


def test_an_admin_neither_makes_nor_unmakes_an_owner(client: FlaskClient) -> None:
    browser = signed_in(client, "admin")
    place = session().get_one(Workspace, browser.workspace_id)
    owner, other = member(place, "owner"), member(place, "analyst")
    tries = [
        browser.call("PATCH", f"/api/v1/members/{owner.id}", {"role": "client"}),
        browser.call("DELETE", f"/api/v1/members/{owner.id}"),
        browser.call("PATCH", f"/api/v1/members/{other.id}", {"role": "owner"}),
        browser.call("POST", "/api/v1/invitations", {"email": "x@evil.example", "role": "owner"}),
    ]
    assert [answer.status_code for answer in tries] == [403] * 4


def test_an_admin_who_may_not_send_gives_sending_to_nobody(client: FlaskClient) -> None:
    browser = signed_in(client, "admin", may_send=False)
    other = member(session().get_one(Workspace, browser.workspace_id), "marketer", may_send=False)
    tries = [
        browser.call("PATCH", f"/api/v1/members/{other.id}", {"role": "marketer", "may_send": True}),
        browser.call("PATCH", f"/api/v1/members/{browser.membership_id}", {"role": "admin", "may_send": True}),
        browser.call("POST", "/api/v1/invitations", {"email": "x@evil.example", "role": "marketer", "may_send": True}),
        browser.call("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["campaigns.send"]}),
    ]
    assert [answer.status_code for answer in tries] == [403] * 4


def test_what_belongs_to_another_workspace_is_not_there(client: FlaskClient) -> None:
    browser = signed_in(client)
    theirs = member()
    key = api_key(membership=theirs)
    theirs_key = session().scalars(any_workspace(sa.select(ApiKey.id).where(ApiKey.workspace_id == theirs.workspace_id))).one()
    picture = brand(theirs.workspace_id, "Theirs")
    asked = client.post("/api/v1/invitations", json={"email": "y@northlight.example"}, headers=key).json["id"]
    tries = [
        browser.call("PATCH", f"/api/v1/members/{theirs.id}", {"role": "client"}),
        browser.call("DELETE", f"/api/v1/members/{theirs.id}"),
        browser.call("DELETE", f"/api/v1/api-keys/{theirs_key}"),
        browser.call("DELETE", f"/api/v1/invitations/{asked}"),
        browser.get(f"/settings/members/{theirs.id}"),
        browser.post(f"/settings/members/{theirs.id}", {"role": "client"}),
        browser.post(f"/settings/members/{theirs.id}/remove"),
        browser.post(f"/settings/api-keys/{theirs_key}/revoke"),
        browser.post(f"/settings/members/invitations/{asked}/revoke"),
        browser.get(f"/settings/brands/{picture.id}"),
        browser.post(f"/settings/brands/{picture.id}", {"name": "Mine"}),
        browser.post(f"/settings/brands/{picture.id}/delete"),
        browser.get(f"/settings/brands/{picture.id}/logo"),
        browser.post(f"/settings/brands/{picture.id}/logo/remove"),
        browser.post("/workspaces/switch", {"workspace_id": theirs.workspace_id}),
        browser.post(f"/account/workspaces/{theirs.workspace_id}/leave"),
    ]
    assert [answer.status_code for answer in tries] == [404] * len(tries)


@pytest.mark.parametrize(
    "extra", [{"workspace_id": 1}, {"user_id": 1}, {"id": 1}, {"auth_version": 9}, {"demo": True}, {"permissions": ["*"]}]
)
def test_nothing_is_set_that_was_not_asked_for(client: FlaskClient, extra: dict[str, Any]) -> None:
    browser = signed_in(client)
    assert browser.call("PATCH", f"/api/v1/members/{browser.membership_id}", {"role": "owner"} | extra).status_code == 422
    assert browser.post("/account", {"name": "Ada"} | extra).status_code == 422


# Invitations and resets


def test_an_invitation_is_good_once_and_for_its_address(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    link = owner.call("POST", "/api/v1/invitations", {"email": "eve@northlight.example", "role": "client"}).json["link"]
    path = link.removeprefix("http://localhost")
    stranger = signed_in(app.test_client())
    user(email="eve@northlight.example")
    assert stranger.post(path).status_code == 403
    session().expire_all()
    assert session().scalar(any_workspace(sa.select(Invitation.accepted_at))) is None


def test_an_invitation_ends_with_the_power_of_who_gave_it(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    fired = member(session().get_one(Workspace, owner.workspace_id), "admin")
    key = api_key(membership=fired)
    made = [
        app.test_client().post("/api/v1/invitations", json={"email": f"me{n}@evil.example", "role": "admin"}, headers=key) for n in range(2)
    ]
    path = made[0].json["link"].removeprefix("http://localhost")
    assert app.test_client().get(path).status_code == 200
    assert owner.call("DELETE", f"/api/v1/members/{fired.id}").status_code == 204
    assert app.test_client().get(path).status_code == 404


def test_an_invitation_ends_when_who_gave_it_is_made_less(client: FlaskClient, app: Flask) -> None:
    owner = signed_in(client)
    lowered = member(session().get_one(Workspace, owner.workspace_id), "admin")
    made = app.test_client().post(
        "/api/v1/invitations", json={"email": "me@evil.example", "role": "admin"}, headers=api_key(membership=lowered)
    )
    assert owner.call("PATCH", f"/api/v1/members/{lowered.id}", {"role": "analyst"}).status_code == 200
    assert app.test_client().get(made.json["link"].removeprefix("http://localhost")).status_code == 404


def test_a_reset_link_is_good_once_and_takes_the_others_with_it(client: FlaskClient) -> None:
    row = member()
    first, second = (service.create_reset(row.user_id).removeprefix("http://localhost") for _ in range(2))
    page = client.get(first)
    data = {"csrf_token": token_on(page), "password": "a-new-long-password"}
    assert client.post(first, data=data).status_code == 303
    assert (client.get(first).status_code, client.get(second).status_code) == (404, 404)
    fresh = token_on(client.get("/auth/login"))
    assert client.post(first, data=data | {"csrf_token": fresh}).status_code == 404


# Text that is code elsewhere


PAYLOAD = """'"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}`${1}"""


def test_names_are_text_wherever_they_stand(client: FlaskClient) -> None:
    place = workspace(PAYLOAD)
    person = user(name=PAYLOAD)
    browser = signed_in(client, "owner", place, person=person)
    picture = brand(place.id, PAYLOAD + "2", from_name=PAYLOAD, postal_address=PAYLOAD)
    member(place, "analyst", person=user(name=PAYLOAD + "3"))
    browser.call("POST", "/api/v1/invitations", {"email": "x@northlight.example", "role": "client"})
    browser.call("POST", "/api/v1/api-keys", {"name": PAYLOAD, "scopes": ["settings.view"]})
    client.get("/account", headers={"User-Agent": PAYLOAD})
    pages = ["/account", "/settings", "/settings/workspace", "/settings/brands", f"/settings/brands/{picture.id}", "/settings/members",
             f"/settings/members/{browser.membership_id}", "/settings/members/invite", "/settings/api-keys", "/settings/api-keys/new",
             "/settings/audit", "/settings/roles", "/docs", "/workspaces/new", "/nothing-here" + "<script>alert(1)</script>",
             "/settings/audit?action=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"]  # fmt: skip
    for path in pages:
        answer = client.get(path)
        assert answer.status_code in {200, 404}, path
        assert "<script>alert" not in answer.text, path
        assert "<img src=x" not in answer.text, path
    assert "<script>" not in client.get("/auth/login?next=%22%3E%3Cscript%3E").text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("logo.png", b"<html><script>alert(1)</script></html>"),
        ("logo.png", b""),
        ("logo.webp", b"RIFFxxxxAVI "),
        ("logo.png", b"\x89PNG\r\n\x1a\n" + b"x" * 1000),
    ],
)
def test_a_logo_is_a_small_picture(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes) -> None:
    monkeypatch.setattr("app.workspaces.logo.LIMIT", 1000)
    browser = signed_in(client)
    row = brand(browser.workspace_id, "Pictures")
    assert browser.post(f"/settings/brands/{row.id}/logo", {"logo": (io.BytesIO(data), name)}).status_code == 422


def test_a_picture_that_is_a_script_too_is_served_as_a_picture(client: FlaskClient) -> None:
    browser = signed_in(client)
    row = brand(browser.workspace_id, "Pictures")
    browser.post(f"/settings/brands/{row.id}/logo", {"logo": (io.BytesIO(b"GIF89a/*<script>*/=alert(1);"), "x.html", "text/html")})
    answer = client.get(f"/settings/brands/{row.id}/logo")
    assert (answer.mimetype, answer.headers["X-Content-Type-Options"]) == ("image/gif", "nosniff")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


NONSENSE = [
    "%00",
    "\x00",
    "\ud800",
    "💥" * 300,
    "A" * 5000,
    "-1",
    "99999999999999999999",
    "1e9",
    "' OR 1=1 --",
    "NaN",
    "[]",
    "..%2f..",
    "\u202e",
]


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_is_refused_not_a_fault(client: FlaskClient, value: str) -> None:
    browser = signed_in(client)
    value = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if value != "\ud800" else "\ufffd"
    tries = [
        client.get("/settings/audit", query_string={name: value})
        for name in ("cursor", "who", "action", "kind", "id", "since", "until", "refused", "limit")
    ]
    tries += [client.get("/api/v1/audit", query_string={name: value}) for name in ("cursor", "who", "action", "id", "limit", "other")]
    tries += [client.get("/find", query_string={"q": value}), client.get("/auth/login", query_string={"next": value})]
    tries += [browser.post("/account", {"name": value, "username": value}), browser.post("/workspaces/switch", {"workspace_id": value})]
    tries += [
        browser.post("/settings/members/invite", {"email": value, "role": value}),
        client.get(f"/invitations/{value}"),
        client.get(f"/auth/reset/{value}"),
    ]
    tries += [client.post("/api/v1/auth/login", json={"email": value, "password": value, "workspace": value})]
    tries += [client.get("/account", headers={"X-Workspace": value.encode("ascii", "ignore").decode().replace("\x00", "")})]
    assert [(answer.request.path, answer.status_code) for answer in tries if answer.status_code >= 500] == []


def test_cursors_are_not_trusted(client: FlaskClient) -> None:
    browser = signed_in(client)
    assert browser
    for raw in (b'["2026-11-21T10:00:00",1]', b'["0001-01-01T00:00:00+14:00",1]', b'["9999-12-31T23:59:59-14:00",1]', b"[null,null]",
                b'["2026-11-21",9223372036854775807]', b'["\\ud800",1]', b"[1,1]", b'[["a"],{}]', b"[NaN,1]"):  # fmt: skip
        cursor = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        assert client.get("/api/v1/audit", query_string={"cursor": cursor}).status_code in {200, 422}, raw


# The demo user


def test_the_demo_user_is_not_reached_through_a_proxy(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    row = member(person=user(email="admin@demo.example", demo=True))
    demo = session().get_one(User, row.user_id)
    config = app.extensions["fairlead_config"]
    monkeypatch.setitem(app.extensions, "fairlead_config", config.model_copy(update={"EMBEDDED": True}))
    says = {"email": demo.email, "password": PASSWORD}
    refresh = client.post("/api/v1/auth/login", json=says).json["refresh_token"]
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"X-Forwarded-Host": "evil.example"},
        {"Forwarded": "for=203.0.113.9"},
    ):
        assert client.post("/api/v1/auth/login", json=says, headers=headers).status_code == 401, headers
        assert client.post("/api/v1/auth/refresh", json={"refresh_token": refresh}, headers=headers).status_code == 401, headers
    enter(client, session().get_one(User, row.user_id), row.workspace_id)
    assert client.get("/auth/me").status_code == 200
    assert client.get("/auth/me", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
