from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.time import now
from app.customers.models import Consent, ConsentLog
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_customer, a_field, stats


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def test_shows_who_what_they_are_worth_and_their_fields(browser: Browser, session: Any) -> None:
    here = browser.workspace_id
    a_field(here, "plan", label="Plan")
    a_field(here, "renewal", "date", label="Renewal")
    ada = a_customer(
        here, first_name="Ada", last_name="Okonkwo", country="GB", tags=["vip"], attributes={"plan": "pro", "renewal": "2026-03-02"}
    )
    stats(ada, orders_count=2, lifetime_value=30_000, first_order_at=now() - timedelta(days=400), last_order_at=now())
    page = browser.get(f"/customers/{ada.id}").text
    for words in ("<h1>Ada Okonkwo</h1>", "United Kingdom", "$300.00", "$150.00", "2 orders since", "vip", "Plan", "pro", "2 Mar"):
        assert words in page, words


def test_what_people_typed_is_text(browser: Browser, session: Any) -> None:
    bad = "<script>alert(1)</script>"
    mallory = a_customer(browser.workspace_id, first_name=bad, company=f'"{bad}', tags=[bad])
    page = browser.get(f"/customers/{mallory.id}").text
    assert bad not in page
    assert "&lt;script&gt;alert(1)" in page


def test_somebody_without_anything_has_a_page(browser: Browser, session: Any) -> None:
    nobody = a_customer(browser.workspace_id, email=None, first_name=None, last_name=None, external_id="X1")
    page = browser.get(f"/customers/{nobody.id}").text
    assert "<h1>X1</h1>" in page
    assert "Nothing has happened yet" in page


def test_htmx_gets_the_timeline_alone(browser: Browser, session: Any) -> None:
    ada = a_customer(browser.workspace_id)
    part = browser.get(f"/customers/{ada.id}/timeline?kind=shop", headers={"HX-Request": "true"}).text
    assert part.strip().startswith("<section")
    assert browser.get(f"/customers/{ada.id}/timeline?kind=shop").location == f"/customers/{ada.id}?kind=shop"
    assert "<h1>" not in part


@pytest.mark.parametrize("query", ["kind=everything", "cursor=x", "machines=perhaps", "limit=-1"])
def test_a_bad_query_is_refused(browser: Browser, session: Any, query: str) -> None:
    ada = a_customer(browser.workspace_id)
    assert browser.get(f"/customers/{ada.id}?{query}").status_code in {200, 422}


def test_strangers_and_numbers_nobody_has_are_not_found(browser: Browser, session: Any) -> None:
    elsewhere = a_customer(signed_in(browser.client.application.test_client()).workspace_id)
    for ident in (elsewhere.id, 2**62, 2**70):
        assert browser.get(f"/customers/{ident}").status_code == 404


def test_consent_is_noted_with_its_source(browser: Browser, session: Any) -> None:
    ada = a_customer(browser.workspace_id)
    url = f"/customers/{ada.id}/consent"
    said = {"place": "email:0", "state": "subscribed", "basis": "", "source": "signed form", "wording": "Yes, news please"}
    assert browser.post(url, said).status_code == 303
    assert session.scalars(sa.select(Consent.state).where(Consent.workspace_id == browser.workspace_id)).all() == ["subscribed"]
    entry = session.scalars(sa.select(ConsentLog).where(ConsentLog.workspace_id == browser.workspace_id)).one()
    assert (entry.source, entry.wording) == ("signed form", "Yes, news please")
    assert "signed form" in browser.get(url).text


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"place": "fax:0"}, "place"),
        ({"place": "email:99"}, "place"),
        ({"state": "perhaps"}, "state"),
        ({"source": ""}, "source"),
        ({"source": "x" * 10_000}, "source"),
    ],
)
def test_a_wrong_consent_names_the_field(browser: Browser, session: Any, wrong: dict[str, str], field: str) -> None:
    ada = a_customer(browser.workspace_id)
    said = {"place": "email:0", "state": "subscribed", "source": "form"} | wrong
    answer = browser.post(f"/customers/{ada.id}/consent", said)
    assert answer.status_code == 422
    assert f'id="{field}"' in answer.text or f'name="{field}"' in answer.text
    assert "aria-invalid" in answer.text
    assert session.scalars(sa.select(Consent.state).where(Consent.workspace_id == browser.workspace_id)).all() == []
