import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from app.core import redis as core_redis
from app.core.time import now
from app.jobs import health
from app.jobs.models import JobRun


def beats(redis: Redis, *, clock: bool = True, alive: int = 2) -> None:
    if clock:
        redis.set(health.CLOCK, json.dumps({"at": now().isoformat(), "host": "h", "pid": 1}))
    redis.set(health.WORKERS + "h:1", json.dumps({"at": now().isoformat(), "alive": alive, "of": 2}))


def test_alive_asks_nobody(client: FlaskClient) -> None:
    assert client.get("/health/live").json == {"status": "ok"}


def test_well(client: FlaskClient, redis: Redis) -> None:
    beats(redis)
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")
    assert set(answer.json["checks"]) == {"database", "redis", "clock", "workers", "queues"}
    assert answer.json["checks"]["workers"] == {"ok": True, "value": "2 of 2"}


def test_strangers_learn_what_is_not_well_and_no_figures(
    client: FlaskClient, redis: Redis, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats(redis)
    monkeypatch.setitem(app.config, "METRICS_TOKEN", "t" * 32)
    assert {name: set(part) for name, part in client.get("/health").json["checks"].items()}["queues"] == {"ok"}
    known = client.get("/health", headers={"Authorization": "Bearer " + "t" * 32}).json
    assert known["checks"]["workers"]["value"] == "2 of 2"


@pytest.mark.parametrize("missing", [{"clock": False}, {"alive": 0}])
def test_without_clock_or_workers_work_is_late_but_pages_answer(client: FlaskClient, redis: Redis, missing: dict[str, Any]) -> None:
    beats(redis, **missing)
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")


def test_work_that_waits_long_is_named(client: FlaskClient, redis: Redis, session: Any) -> None:
    beats(redis)
    session.add(JobRun(job="test.late", args={}, queue="bulk", lease=60, max_attempts=1, run_after=now() - timedelta(hours=1)))
    answer = client.get("/health").json
    assert answer["status"] == "degraded"
    assert answer["checks"]["queues"]["value"]["bulk"]["waiting"] == 1
    assert answer["checks"]["queues"]["value"]["bulk"]["oldest_seconds"] >= 3600


def test_without_redis_it_is_down(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    away = core_redis.connect("redis://127.0.0.1:1/0")
    monkeypatch.setitem(app.extensions, "redis", away)
    answer = client.get("/health")
    assert (answer.status_code, answer.json["status"], answer.json["checks"]["redis"]["ok"]) == (503, "down", False)
    away.close()


def test_figures_are_for_this_machine(client: FlaskClient, redis: Redis) -> None:
    beats(redis)
    client.get("/health/live")
    text = client.get("/metrics").text
    for name in (
        "fairlead_requests_total{",
        "fairlead_request_seconds_bucket{",
        'fairlead_up{part="database"} 1.0',
        "fairlead_queue_waiting{",
        "fairlead_outbox_waiting 0.0",
    ):
        assert name in text, name
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403


def test_with_a_token_only_its_holders(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "METRICS_TOKEN", "a-token-of-some-length")
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer a-token-of-some-length"}).status_code == 200
