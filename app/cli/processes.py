"""The two processes beside the web: `flask worker` and `flask clock`."""

import gc

import click
from flask import current_app
from flask.cli import with_appcontext

from app.delivery import drain
from app.delivery import sweep as delivery_sweep
from app.delivery.mailer import program
from app.events import deliver, relay
from app.jobs import carry, clock, supervisor, sweep
from app.jobs.registry import QUEUES

PARTS = (carry, sweep, deliver, relay, drain, program, delivery_sweep)
"""Imported for what they register: kinds of rows to carry, programs, and the clock's duties."""


@click.command("worker")
@click.option("--processes", type=click.IntRange(1, 64), default=None, help="How many; JOB_WORKERS unless said.")
@click.option("--queues", default=",".join(QUEUES), show_default=True, help="Which, the preferred first, commas between.")
@with_appcontext
def worker_command(processes: int | None, queues: str) -> None:
    """Work on what is queued, until TERM."""
    names = tuple(name.strip() for name in queues.split(",") if name.strip())
    unknown = sorted(set(names) - set(QUEUES))
    if unknown or not names:
        raise click.BadParameter(
            f"There is no queue {', '.join(unknown) or 'named'}; there are {', '.join(QUEUES)}.", param_hint="--queues"
        )
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 (Flask's documented way to the application itself)
    places = supervisor.slots(processes or app.config["JOB_WORKERS"], names)
    supervisor.Supervisor(app, places + supervisor.program_slots(app, len(places))).run()


@click.command("clock")
@with_appcontext
def clock_command() -> None:
    """Relay events, put due work into the queues, start periodic jobs, until TERM. A second one stands by."""
    gc.collect()
    gc.freeze()  # what is imported stays: the collector need not walk through it again and again while a million hits pass
    clock.Clock(current_app._get_current_object()).run()  # type: ignore[attr-defined]  # noqa: SLF001
