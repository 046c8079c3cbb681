"""Pixels and links: what is answered, what is kept, and what happens when servers are away."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis as redis_client
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy.session import Session

from app.delivery.hits import FIELD, MOST_AGENT, STREAM, Hit, Journal, decode, encode
from app.delivery.models import Hit as Row
from app.delivery.tokens import Signer
from app.delivery.tracker import GIF, Tracker
from tests.factories.tracking import CHROME, signer

TARGET = "https://shop.example/coats?utm_source=fairlead&x=%20"
NOWHERE = "redis://127.0.0.1:1/0"
AWAY = "postgresql+psycopg2://nobody@127.0.0.1:1/nothing"


def kept(redis: redis_client.Redis) -> list[Hit]:
    return [hit for _, fields in redis.xrange(STREAM) for hit in decode(fields[FIELD].decode())]  # type: ignore[misc,index,union-attr]


def told(hit: Hit) -> tuple[Any, ...]:
    return (hit.message_id, hit.position, hit.method, hit.address, hit.agent)


def test_a_pixel_and_a_link_are_answered_and_kept(client: FlaskClient, redis: redis_client.Redis) -> None:
    agent, before = {"User-Agent": CHROME}, time.time_ns() // 1000
    pixel = client.get(signer().open_url(7), headers=agent)
    click = client.get(signer().click_url(7, 3, TARGET), headers=agent)
    assert (pixel.status_code, pixel.data, pixel.content_type, len(GIF)) == (200, GIF, "image/gif", 43)
    assert (click.status_code, click.location, click.data) == (302, TARGET, b"")
    for answer in (pixel, click):
        assert answer.headers["Cache-Control"].startswith("no-store")
        assert (answer.headers["Referrer-Policy"], answer.headers["X-Robots-Tag"]) == ("no-referrer", "noindex, nofollow")
        assert "Set-Cookie" not in answer.headers
    hits = kept(redis)
    assert [told(hit) for hit in hits] == [(7, None, "GET", "127.0.0.1", CHROME), (7, 3, "GET", "127.0.0.1", CHROME)]
    assert before <= hits[0].at <= hits[1].at <= time.time_ns() // 1000
    assert hits[0].event_id != hits[1].event_id


def test_head_is_answered_without_a_body_and_kept_as_such(client: FlaskClient, redis: redis_client.Redis) -> None:
    answers = [client.head(signer().open_url(7)), client.head(signer().click_url(7, 3, TARGET))]
    assert [(answer.status_code, answer.data) for answer in answers] == [(200, b""), (302, b"")]
    assert [hit.method for hit in kept(redis)] == ["HEAD", "HEAD"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(client: FlaskClient, redis: redis_client.Redis, method: str) -> None:
    answers = [client.open(path, method=method) for path in (signer().open_url(7), signer().click_url(7, 3, TARGET))]
    assert [(answer.status_code, answer.headers["Allow"]) for answer in answers] == [(405, "GET, HEAD")] * 2
    assert kept(redis) == []


def test_a_bad_token_gets_a_pixel_or_404_and_leads_nowhere(client: FlaskClient, redis: redis_client.Redis) -> None:
    strange = Signer({"k1": "another key than ours " * 2})
    opened, clicked = signer().open_url(7), signer().click_url(7, 3, TARGET)
    for path in ("/o/", "/o/x", opened[:-1], opened + "x", clicked.replace("/c/", "/o/"), strange.open_url(7), "/o/" + "é" * 9):
        answer = client.get(path)
        assert (answer.status_code, answer.data) == (200, GIF), path
    for path in ("/c/", "/c/x", clicked[:-1], opened.replace("/o/", "/c/"), strange.click_url(7, 3, TARGET), "/c/https://evil.example"):
        answer = client.get(path)
        assert (answer.status_code, answer.content_type, answer.location) == (404, "text/plain; charset=utf-8", None), path
        assert "not complete" in answer.text
    assert kept(redis) == []


def test_what_is_not_ours_goes_on_to_flask(client: FlaskClient) -> None:
    assert [client.get(path).status_code for path in ("/o", "/c", "/health/live", "/oo/x")] == [404, 404, 200, 404]


def test_agents_and_addresses_are_kept_as_text_and_cut(app: Flask, redis: redis_client.Redis, client: FlaskClient) -> None:
    client.get(signer().open_url(1), headers={"User-Agent": "a\tb" + "x" * 600})
    client.get(signer().open_url(2), headers={"User-Agent": "Bücher/1.0".encode().decode("latin-1")})
    client.get(signer().open_url(3), headers={"User-Agent": b"\xff\xfe".decode("latin-1")}, environ_base={"REMOTE_ADDR": "2001:db8::7"})
    client.get(signer().open_url(4), environ_base={"REMOTE_ADDR": "<script>\t"})
    hits = kept(redis)
    assert [hit.agent for hit in hits[:3]] == [("a b" + "x" * 600)[:MOST_AGENT], "Bücher/1.0", "��"]
    assert [hit.address for hit in hits[2:]] == ["2001:db8::7", ""]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"\t" * 6,
        encode(Hit("g" * 32, 10**15, 1, None, "GET", "", "")),
        encode(Hit("a" * 32, 10**15, 2**63, 0, "GET", "", "")),
        encode(Hit("a" * 32, 10**15, 1, 0, "POST", "", "")),
        encode(Hit("a" * 32, 10**15, 1, 0, "GET", "\\", "")),
    ],
)
def test_what_is_no_hit_is_known(body: bytes) -> None:
    assert decode(body.decode()) == []
    good = Hit("a" * 32, 10**15, 1, None, "GET", "", "Test")
    assert decode("\n".join([encode(good).decode(), body.decode(), encode(good).decode()])) == [good, good]


@pytest.fixture
def journal(app: Flask, redis: redis_client.Redis) -> Iterator[Journal]:
    made = Journal(app.config["REDIS_URL"], app.config["DATABASE_URL"])
    yield made
    made.close()


def test_threads_share_a_line_and_each_hit_is_kept_once(journal: Journal, redis: redis_client.Redis) -> None:
    bodies = [[encode(Hit(f"{thread:016x}{n:016x}", 10**15, n, None, "GET", "", "")) for n in range(50)] for thread in range(16)]
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda mine=mine: answers.extend([journal.keep(body) for body in mine])) for mine in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 800
    assert sorted(fields[FIELD] for _, fields in redis.xrange(STREAM)) == sorted(body for mine in bodies for body in mine)  # type: ignore[union-attr]


def in_table(session: Session) -> list[bytes]:
    session.rollback()
    return [bytes(body) for body in session.scalars(sa.select(Row.body).order_by(Row.id))]


@pytest.mark.committed
def test_without_redis_hits_go_to_the_table(app: Flask, session: Session) -> None:
    journal = Journal(NOWHERE, app.config["DATABASE_URL"])
    assert [journal.keep(b"one"), journal.keep(b"two")] == [True, True]
    assert in_table(session) == [b"one", b"two"]
    journal.close()


@pytest.mark.committed
def test_a_line_that_breaks_says_again_what_redis_may_not_have_on_disk(
    journal: Journal, session: Session, redis: redis_client.Redis
) -> None:
    assert journal.keep(b"one")
    ours = redis.connection_pool.connection_kwargs["db"]  # other tests, in other databases, go on
    lines = [line["id"] for line in redis.client_list() if line["db"] == str(ours) and line["id"] != str(redis.client_id())]  # type: ignore[union-attr]
    assert sum(redis.client_kill_filter(_id=line) for line in lines) == len(lines) > 0  # type: ignore[misc]
    assert journal.keep(b"two")
    assert in_table(session) == [b"one", b"two"]
    journal._stream._away_until = 0
    assert journal.keep(b"three")
    assert [fields[FIELD] for _, fields in redis.xrange(STREAM)] == [b"one", b"three"]  # type: ignore[union-attr]


def test_a_refusal_of_redis_is_no_acknowledgement(journal: Journal, redis: redis_client.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bytes] = []
    monkeypatch.setattr(journal._table, "keep", lambda bodies: taken.extend(bodies) or True)
    redis.set(STREAM, "no stream")
    assert journal.keep(b"one")
    assert taken == [b"one"]


@pytest.mark.parametrize("path", ["open", "click"])
def test_with_all_servers_away_everybody_is_answered(app: Flask, database: None, path: str, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(NOWHERE, AWAY)
    tracker = Tracker(app.wsgi_app, signer(), journal)
    began, said = time.monotonic(), []
    url = signer().open_url(7) if path == "open" else signer().click_url(7, 0, TARGET)
    for _ in range(20):
        tracker({"PATH_INFO": url, "REQUEST_METHOD": "GET"}, lambda status, headers: said.append((status, dict(headers).get("Location"))))
    assert said == [("200 OK", None) if path == "open" else ("302 Found", TARGET)] * 20
    assert time.monotonic() - began < 5
    journal.close()
