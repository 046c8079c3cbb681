"""Figures for Prometheus: requests counted by every web process, and gauges read when somebody asks."""

import os
import time
from collections.abc import Callable, Iterable

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily

REQUESTS = Counter("fairlead_requests", "Answered requests.", ["method", "route", "status"])
SECONDS = Histogram("fairlead_request_seconds", "Time to answer.", ["route"], buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10))

gauges: list[Callable[[], Iterable[GaugeMetricFamily]]] = []
"""Rooms add what they can tell of their state; asked at each scrape, with a session at hand."""


def init_app(app: Flask) -> None:
    """Count requests."""
    app.before_request(_begin)
    app.after_request(_count)


def _begin() -> None:
    g.metrics_began = time.perf_counter()


def _count(response: Response) -> Response:
    route = request.url_rule.rule if request.url_rule else "unknown"
    REQUESTS.labels(request.method if request.url_rule else "any", route, response.status_code).inc()
    if "metrics_began" in g:
        SECONDS.labels(route).observe(time.perf_counter() - g.metrics_began)
    return response


class _Now:
    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Ask the rooms."""
        for gauge in gauges:
            yield from gauge()


def page() -> tuple[bytes, str]:
    """Return the figures of all processes that share PROMETHEUS_MULTIPROC_DIR (of this one alone where it is unset), and their type."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REQUESTS)
        registry.register(SECONDS)
    registry.register(_Now())
    return generate_latest(registry), CONTENT_TYPE_LATEST
