"""What Prometheus learns of hits."""

from collections.abc import Iterable
from contextlib import suppress

from prometheus_client.core import GaugeMetricFamily

from app.core import redis
from app.core.db import session
from app.core.metrics import gauges
from app.delivery.hits import STREAM
from app.delivery.queries.hits import WAITING


def hits() -> Iterable[GaugeMetricFamily]:
    """Yield how many hits wait for the drain; of the stream nothing while Redis is away."""
    found = GaugeMetricFamily("fairlead_hits_waiting", "Opens and clicks that wait for the drain.", labels=["where"])
    found.add_metric(["table"], session().scalar(WAITING) or 0)
    with suppress(redis.Error):
        found.add_metric(["stream"], redis.client().xlen(STREAM))
    yield found


gauges.append(hits)
