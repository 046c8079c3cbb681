"""Processes of `flask worker` that are no RQ workers: rooms register what must run on and on, such as sending."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from flask import Flask


class Run(Protocol):
    """Work until `halt()` says so. `name` is the place's own, the same for whoever takes it after a death."""

    def __call__(self, app: Flask, halt: Callable[[], bool], name: str) -> None:
        """Return when told to stop; raise, or die, and be replaced."""


@dataclass(frozen=True, slots=True)
class Program:
    """A function for a process of its own; `setting` is the configuration that says how many of it one worker command runs."""

    run: Run
    setting: str


programs: dict[str, Program] = {}
"""Every program by name."""


def program(name: str, setting: str) -> Callable[[Run], Run]:
    """Register a function as a program."""

    def register(run: Run) -> Run:
        programs[name] = Program(run, setting)
        return run

    return register
