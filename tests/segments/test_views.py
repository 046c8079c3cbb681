"""Pages of segments."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.core.db import db
from app.core.time import now
from app.segments.models import Cause, Segment, SegmentCount, SegmentMove
from tests.factories.auth import Browser, signed_in
from tests.factories.customers import a_customer, a_workspace, customers
from tests.factories.segments import a_segment, every, field, member_of, members, negated

US = field("country", "eq", "US")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return signed_in(client)


def text(answer: Any) -> str:
    """Return the words of a page, without its tags."""
    body = re.sub(r"<(script|style).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def written(page: Any) -> Any:
    """Return the rules that stand in the page for the builder."""
    found = re.search(r'name="criteria"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    assert found
    return json.loads(found[1].replace("&#34;", '"'))


def test_an_empty_list_teaches_the_next_step(browser: Browser) -> None:
    page = browser.get("/segments")
    assert page.status_code == 200
    assert "Find the people who belong together" in page.text
    assert 'href="/segments/new"' in page.text


def test_the_list_shows_people_change_and_state(browser: Browser) -> None:
    customers(browser.workspace_id, 3, country="US")
    made = a_segment(browser.workspace_id, US, "Americans <b>", description="From over there")
    a_segment(browser.workspace_id, member_of(made.id), "Followers")
    a_segment(browser.workspace_id, None, "By hand")
    page = browser.get("/segments")
    assert "Americans &lt;b&gt;" in page.text
    words = text(page)
    assert "3 segments of 3 customers" in words
    assert "From over there 3 0 Kept current 1" in words
    assert "By hand 0 0 Static 0" in words


def test_the_search_answers_with_the_list_alone(browser: Browser) -> None:
    a_segment(browser.workspace_id, US, "Americans")
    a_segment(browser.workspace_id, US, "Others")
    page = browser.get("/segments?q=amer", headers={"HX-Request": "true"})
    assert page.text.strip().startswith('<div id="list"')
    assert ("Americans" in page.text, "Others" in page.text) == (True, False)
    assert "No segment has this name" in browser.get("/segments?q=zzz").text


def test_the_list_takes_the_same_number_of_queries_for_one_and_for_three(browser: Browser) -> None:
    counts = []
    for names in (["a"], ["b", "c"]):
        for name in names:
            a_segment(browser.workspace_id, US, name)
        seen: list[str] = []
        sa.event.listen(sa.Engine, "before_cursor_execute", note := lambda *a, seen=seen: seen.append(a[2]))
        try:
            browser.get("/segments")
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1] > 1


def test_one_segment_shows_its_words_people_and_uses(browser: Browser) -> None:
    person = a_customer(browser.workspace_id, country="US", first_name="Adaeze", last_name="Okonkwo")
    made = a_segment(browser.workspace_id, every(US, negated(field("tags", "contains", "vip"))), "Americans")
    a_segment(browser.workspace_id, member_of(made.id), "Followers")
    page = browser.get(f"/segments/{made.id}")
    words = text(page)
    assert page.status_code == 200
    assert "Customers whose country is United States but not those who have the tag vip" in words.replace(" ,", ",")
    assert f'href="/customers/{person.id}"' in page.text
    assert "Adaeze Okonkwo" in words
    assert "The segment “Followers”" in words


def test_who_may_not_see_customers_sees_figures_only(client: FlaskClient) -> None:
    browser = signed_in(client, "client")
    a_customer(browser.workspace_id, country="US", first_name="Adaeze")
    made = a_segment(browser.workspace_id, US, "Americans")
    page = browser.get(f"/segments/{made.id}")
    assert page.status_code == 200
    assert "Adaeze" not in page.text
    assert "/edit" not in page.text
    assert browser.get(f"/segments/{made.id}/edit").status_code == 403
    for path in ("answer", "why"):
        assert browser.call("POST", f"/segments/preview/{path}", {"criteria": every(US)}).status_code == 403
    assert browser.get("/segments/values?field=city").status_code == 403


def test_a_segment_is_built_and_saved(browser: Browser) -> None:
    a_customer(browser.workspace_id, country="US")
    page = browser.get("/segments/new")
    assert page.status_code == 200
    data = json.loads(re.search(r'id="builder-words">(.*?)</script>', page.text, re.DOTALL)[1])
    assert next(row for row in data["fields"] if row["path"] == "stats.lifetime_value")["type"] == "money"
    saved = browser.post("/segments/new", {"name": "Americans", "description": "", "criteria": json.dumps(every(US))})
    row = db.session.scalars(sa.select(Segment).where(Segment.workspace_id == browser.workspace_id)).one()
    assert (saved.status_code, saved.headers["Location"]) == (303, f"/segments/{row.id}")
    assert (row.name, row.criteria, row.members) == ("Americans", every(US), 1)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"name": "", "criteria": json.dumps(every(US))}, "This is needed."),
        ({"name": "x", "criteria": ""}, "Add at least one rule."),
        ({"name": "x", "criteria": "{not json"}, "Add at least one rule."),
        ({"name": "x", "criteria": json.dumps(every(field("city", "gt", 3)))}, "does not fit City"),
    ],
)
def test_what_does_not_fit_comes_back_with_what_was_written(browser: Browser, sent: dict[str, str], reason: str) -> None:
    page = browser.post("/segments/new", sent)
    assert page.status_code == 422
    assert reason in page.text
    if sent["criteria"].startswith('{"'):
        assert written(page) == json.loads(sent["criteria"])


def test_rules_are_edited_and_who_was_slower_is_told(browser: Browser) -> None:
    person = a_customer(browser.workspace_id, country="DE")
    made = a_segment(browser.workspace_id, US, "Americans")
    address = f"/segments/{made.id}/edit"
    page = browser.get(address)
    assert written(page) == every(US)
    sent = {"name": "Germans", "description": "", "criteria": json.dumps(every(field("country", "eq", "DE"))), "version": "1"}
    assert browser.post(address, sent).status_code == 303
    db.session.expire_all()
    assert (made.name, members(made)) == ("Germans", [person.id])
    late = browser.post(address, sent | {"name": "Late"})
    assert (late.status_code, "Somebody changed this segment" in late.text) == (409, True)


def test_refreshing_says_who_came_and_went(browser: Browser) -> None:
    person = a_customer(browser.workspace_id, country="DE")
    made = a_segment(browser.workspace_id, US, "Americans")
    person.country = "US"
    assert browser.post(f"/segments/{made.id}/refresh").status_code == 303
    assert "1 member; 1 entered, 0 left." in browser.get(f"/segments/{made.id}").text


def test_deleting_is_refused_while_something_uses_it(browser: Browser) -> None:
    made = a_segment(browser.workspace_id, US, "Americans")
    other = a_segment(browser.workspace_id, member_of(made.id), "Followers")
    page = browser.post(f"/segments/{made.id}/delete")
    assert (page.status_code, "is used by the segment “Followers”" in page.text) == (409, True)
    assert browser.post(f"/segments/{other.id}/delete").status_code == 303
    gone = made.id
    assert browser.post(f"/segments/{gone}/delete").headers["Location"] == "/segments"
    assert browser.get(f"/segments/{gone}").status_code == 404


def test_a_list_is_made_renamed_and_filled_by_address_id_and_number(browser: Browser) -> None:
    ada = a_customer(browser.workspace_id, email="Ada@x.example")
    ben = a_customer(browser.workspace_id, external_id="B-1")
    cyd = a_customer(browser.workspace_id)
    address = browser.post("/segments/new-list", {"name": "By hand"}).headers["Location"]
    made = db.session.scalars(sa.select(Segment).where(Segment.workspace_id == browser.workspace_id)).one()
    assert browser.post(f"{address}/people", {"people": f"ada@X.example\nB-1\n\n{cyd.id}\nB-1"}).status_code == 303
    assert members(made) == sorted([ada.id, ben.id, cyd.id])
    wrong = browser.post(f"{address}/people", {"people": "nobody@x.example\nB-1"})
    assert (wrong.status_code, "Not among the customers: nobody@x.example." in wrong.text) == (422, True)
    browser.post(f"{address}/people/{ben.id}/remove")
    db.session.expire_all()
    assert members(made) == sorted([ada.id, cyd.id])
    assert "/restore" in browser.get(address).text
    browser.post(f"{address}/rename", {"name": "Hand-picked", "description": "For June"})
    db.session.expire_all()
    assert (made.name, made.description) == ("Hand-picked", "For June")
    assert browser.post(f"{address}/rename", {"name": ""}).status_code == 422
    assert browser.get(f"{address}/edit").headers["Location"] == address


def test_the_answer_beside_the_builder(browser: Browser) -> None:
    a_customer(browser.workspace_id, country="US", first_name="Adaeze")
    a_customer(browser.workspace_id, country="DE")
    made = a_segment(browser.workspace_id, field("country", "eq", "DE"), "Germans")
    answer = browser.call("POST", "/segments/preview/answer", {"criteria": every(US), "segment": made.id, "seed": 3})
    words = text(answer)
    assert answer.status_code == 200
    assert "0 may be written to" in words
    assert "+1 , −1" in words
    assert "Customers whose country is United States" in words
    assert "Adaeze" in words
    assert browser.call("POST", "/segments/preview/answer", {"criteria": every(field("city", "gt", 1))}).status_code == 422


def test_why_in_why_out(browser: Browser) -> None:
    person = a_customer(browser.workspace_id, country="US", first_name="Farid", last_name="Nazari", city="Basel")
    rules = every(US, field("stats.lifetime_value", "gte", 20000), negated(field("city", "eq", "Basel")))
    words = text(browser.call("POST", "/segments/preview/why", {"criteria": rules, "words": "farid naz"}))
    assert "Farid Nazari is out" in words
    assert "because of one rule" not in words
    assert "Fits: Country is United States" in words
    assert "Does not fit: Lifetime value is at least $200 $0" in words
    by_number = browser.call("POST", "/segments/preview/why", {"criteria": every(US), "customer": person.id})
    assert "Farid Nazari is in" in text(by_number)
    nobody = browser.call("POST", "/segments/preview/why", {"criteria": every(US), "words": "zzzz"})
    assert "No customer is found by “zzzz”." in text(nobody)
    stranger = a_customer(a_workspace().id)
    assert browser.call("POST", "/segments/preview/why", {"criteria": every(US), "customer": stranger.id}).status_code == 404


def test_values_to_choose_from_are_those_that_customers_have(browser: Browser) -> None:
    customers(browser.workspace_id, 2, city="Basel", tags=["vip", "trail"])
    customers(browser.workspace_id, 1, city="Bern", tags=["vip"])
    assert browser.get("/segments/values?field=city").json == ["Basel", "Bern"]
    assert browser.get("/segments/values?field=tags").json == ["trail", "vip"]
    for wrong in ("nowhere", "created_at", "consent.email", ""):
        assert browser.get(f"/segments/values?field={wrong}").status_code == 404


def test_a_page_of_another_workspace_is_not_there(browser: Browser) -> None:
    stranger = a_segment(a_workspace().id, US)
    for path in ("", "/edit"):
        assert browser.get(f"/segments/{stranger.id}{path}").status_code == 404
    for path in ("/refresh", "/delete", "/people", "/rename", "/edit"):
        assert browser.post(
            f"/segments/{stranger.id}{path}", {"name": "x", "people": "1", "criteria": json.dumps(every(US))}
        ).status_code in (404, 422)


def test_members_over_time_are_drawn_from_the_second_day_on(browser: Browser) -> None:
    made = a_segment(browser.workspace_id, US, "Americans")
    for path in (f"/segments/{made.id}", f"/segments/{made.id}/edit"):
        assert "One day so far." in browser.get(path).text
    earlier = now() - timedelta(days=3)
    session = db.session
    session.add(SegmentCount(segment_id=made.id, hour=earlier, members=7, entered=9, left=2))
    session.add(SegmentMove(segment_id=made.id, customer_id=1, entered=False, cause=Cause.TIME, moved_at=earlier))
    session.flush()
    for path in (f"/segments/{made.id}", f"/segments/{made.id}/edit"):
        page = browser.get(path)
        assert "Entered 9, left 2 in 28 days. Most left because time passed (1)." in text(page)
        assert '"values": [7, 7, 7, 0]' in page.text


def test_a_profile_names_the_segments_somebody_is_in(browser: Browser) -> None:
    ada, ben = (a_customer(browser.workspace_id, country=country) for country in ("US", "DE"))
    mine = a_segment(browser.workspace_id, field("country", "eq", "US"), "Across <the> sea")
    a_segment(browser.workspace_id, field("country", "eq", "FR"), "Elsewhere")
    browser.post(f"/segments/{mine.id}/refresh")
    assert f'hx-get="/segments/of/{ada.id}"' in browser.get(f"/customers/{ada.id}").text
    card = browser.get(f"/segments/of/{ada.id}", headers={"HX-Request": "true"}).text
    assert "In 1 segment" in card
    assert f'href="/segments/{mine.id}"' in card
    assert "Across &lt;the&gt; sea" in card
    assert "In 0 segments" in browser.get(f"/segments/of/{ben.id}", headers={"HX-Request": "true"}).text
    assert browser.get(f"/segments/of/{ada.id}").location == f"/customers/{ada.id}"
