"""What the list of failed work takes and gives."""

from datetime import datetime
from typing import Literal

from app.core.schemas import ListQuery, Schema

View = Literal["failed", "retrying", "late"]


class WorkQuery(ListQuery):
    """Failed for good, being tried again, or due and begun by nobody."""

    view: View = "failed"


class WorkOut(Schema):
    """A piece of work that did not go as it should: a run of a job, or the delivery of an event to a handler.

    `at` is when it failed, or when it is tried next. Work that belongs to no workspace shows the kind of its error only.
    """

    kind: Literal["run", "delivery"]
    id: int
    name: str
    event: str | None
    everywhere: bool
    error: str | None
    attempts: int
    max_attempts: int
    created_at: datetime
    at: datetime


class Touched(Schema):
    """How many pieces of work an act has reached."""

    count: int
