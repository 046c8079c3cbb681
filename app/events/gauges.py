"""What Prometheus learns of news."""

from collections.abc import Iterable

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily

from app.core.db import any_workspace, session
from app.core.metrics import gauges
from app.events.models import Delivery, DeliveryState, Outbox


def news() -> Iterable[GaugeMetricFamily]:
    """Yield how far the relay is behind, and how many deliveries wait or have failed."""
    age = sa.func.coalesce(sa.func.extract("epoch", sa.func.now() - sa.func.min(Outbox.created_at)), 0)
    count, seconds = session().execute(any_workspace(sa.select(sa.func.count(), age).where(Outbox.relayed_at.is_(None)))).one()
    yield GaugeMetricFamily("fairlead_outbox_waiting", "Events the relay has not taken up.", value=count)
    yield GaugeMetricFamily("fairlead_outbox_oldest_seconds", "How long the oldest of them has waited.", value=float(seconds))
    found = GaugeMetricFamily("fairlead_deliveries", "Deliveries that wait, or have failed for good.", labels=["state"])
    for state in (DeliveryState.QUEUED, DeliveryState.FAILED):
        query = sa.select(sa.func.count()).select_from(Delivery).where(Delivery.state == state)
        found.add_metric([str(state)], session().scalar(any_workspace(query)) or 0)
    yield found


gauges.append(news)
