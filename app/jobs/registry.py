"""What a job is, and the list of all of them. Pure: no Flask, no session."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec

QUEUES = ("fast", "default", "bulk")
"""fast: a person waits. default: handlers. bulk: minutes of work in steps. Workers prefer them in this order."""
LEASE = 60
"""Seconds a silent worker keeps a run before another may take it."""
ATTEMPTS = 10
"""Failures in a row before a run waits for a person."""

P = ParamSpec("P")
Json = bool | int | float | str | list[Any] | dict[str, Any] | None


@dataclass(frozen=True, slots=True, eq=False)
class Job(Generic[P]):
    """A function the workers can run, step by step.

    `lease` is in seconds and must be longer than the longest step; `every` in seconds makes the clock start it.
    """

    name: str
    function: Callable[P, bool | None]
    queue: str = "default"
    lease: int = LEASE
    attempts: int = ATTEMPTS
    every: int | None = None
    _signature: inspect.Signature = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse, at import, what could never run."""
        if self.queue not in QUEUES:
            msg = f"{self.name}: no worker listens to the queue {self.queue!r}; choose one of {', '.join(QUEUES)}."
            raise ValueError(msg)
        object.__setattr__(self, "_signature", inspect.signature(self.function))
        if self.every is not None and self._signature.parameters:
            msg = f"{self.name}: the clock starts it, so it can take no arguments."
            raise ValueError(msg)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> bool | None:
        """Run one step here and now, inside the caller's transaction."""
        return self.function(*args, **kwargs)

    def takes_workspace(self) -> bool:
        """Tell whether the function wants the run's workspace as `workspace_id`."""
        return "workspace_id" in self._signature.parameters

    def check(self, arguments: dict[str, Any]) -> None:
        """Raise TypeError unless the function can be called with these, and JSON can carry them unchanged."""
        self._signature.bind(**arguments)
        for name, value in arguments.items():
            if not _plain(value):
                msg = f"{self.name}: {name}={value!r} is not plain JSON. Pass ids and simple values."
                raise TypeError(msg)


def _plain(value: object) -> bool:
    if isinstance(value, list):
        return all(_plain(v) for v in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _plain(v) for k, v in value.items())
    return value is None or type(value) in {bool, int, float, str}


jobs: dict[str, Job[...]] = {}
"""Every job by name. Names are written into rows: renaming a function strands what is queued."""


def job(
    *, queue: str = "default", lease: int = LEASE, attempts: int = ATTEMPTS, every: int | None = None
) -> Callable[[Callable[P, bool | None]], Job[P]]:
    """Register a function as a job named `room.function`.

    Each call is one step in one transaction; True asks for another. The function commits nothing itself and
    does the same when called twice, because a step whose commit failed is run again.
    """

    def register(function: Callable[P, bool | None]) -> Job[P]:
        made = Job(name_of(function), function, queue, lease, attempts, every)
        if made.name in jobs:
            msg = f"There are two jobs named {made.name}."
            raise ValueError(msg)
        jobs[made.name] = made
        return made

    return register


def name_of(function: Callable[..., object]) -> str:
    """Return `room.function`, stable while the function stays in its room: `customers.run_import`."""
    parts = function.__module__.split(".")
    room = parts[1] if parts[0] == "app" and len(parts) > 1 else parts[-1]
    return f"{room}.{function.__name__}"
