"""What Prometheus learns of work."""

from collections.abc import Iterable

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily

from app.core.db import any_workspace, session
from app.core.metrics import gauges
from app.jobs.health import checks, waiting
from app.jobs.models import JobRun


def runs() -> Iterable[GaugeMetricFamily]:
    """Yield how much work waits, for how long, and how many runs stand in each state."""
    depth = GaugeMetricFamily("fairlead_queue_waiting", "Runs that are due and not begun.", labels=["queue"])
    age = GaugeMetricFamily("fairlead_queue_oldest_seconds", "How long the oldest of them has waited.", labels=["queue"])
    for queue, (count, seconds) in waiting().items():
        depth.add_metric([queue], count)
        age.add_metric([queue], seconds)
    states = GaugeMetricFamily(
        "fairlead_job_runs", "Runs by job and state, finished ones of the last days included.", labels=["job", "state"]
    )
    query = sa.select(JobRun.job, JobRun.state, sa.func.count()).group_by(JobRun.job, JobRun.state)
    for job, state, count in session().execute(any_workspace(query)):
        states.add_metric([job, str(state)], count)
    yield from (depth, age, states)


def parts() -> Iterable[GaugeMetricFamily]:
    """Yield whether each part answers."""
    up = GaugeMetricFamily("fairlead_up", "1 where the part does what it should.", labels=["part"])
    for check in checks():
        up.add_metric([check.name], int(check.ok))
    yield up


gauges.extend((runs, parts))
