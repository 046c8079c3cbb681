"""What may be a job."""

import importlib
import pkgutil

import pytest

import app as application
from app.jobs.registry import QUEUES, Job, job, jobs, name_of


def step(workspace_id: int, row: int) -> bool:
    return False


def test_every_job_of_the_house_is_on_a_queue_that_workers_listen_to() -> None:
    for found in pkgutil.walk_packages(application.__path__, "app."):
        importlib.import_module(found.name)
    assert {each.queue for each in jobs.values()} <= set(QUEUES)
    assert {name for name, each in jobs.items() if name != each.name} == set()


def test_a_queue_nobody_listens_to_is_refused_at_import() -> None:
    with pytest.raises(ValueError, match="no worker listens to the queue 'slow'"):
        Job("x.step", step, queue="slow")


def test_what_the_clock_starts_takes_no_arguments() -> None:
    with pytest.raises(ValueError, match="can take no arguments"):
        Job("x.step", step, every=60)


def test_two_jobs_of_one_name_are_refused() -> None:
    job()(step)
    try:
        with pytest.raises(ValueError, match=r"two jobs named test_registry\.step"):
            job()(step)
    finally:
        del jobs[name_of(step)]


def test_the_name_is_room_and_function_wherever_in_the_room_it_stands() -> None:
    def made() -> None: ...

    made.__module__ = "app.customers.jobs.imports"
    assert name_of(made) == "customers.made"


@pytest.mark.parametrize("value", [object(), {1: 2}, (1, 2), b"x", [1, {"a": {2}}]])
def test_arguments_that_json_would_change_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="not plain JSON"):
        Job("x.step", step).check({"workspace_id": 1, "row": value})


def test_arguments_the_function_does_not_take_are_refused() -> None:
    with pytest.raises(TypeError):
        Job("x.step", step).check({"workspace_id": 1, "rwo": 2})
    Job("x.step", step).check({"workspace_id": 1, "row": 2})
