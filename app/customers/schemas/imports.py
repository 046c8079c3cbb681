"""What imports take and give, for pages, API and command line alike."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from app.core.schemas import Line, ListQuery, Schema, Text

Target = Annotated[str, Field(max_length=120)]
Kind = Literal["customers", "orders"]
_WORDS = {"true": "always", "1": "always", "yes": "always", "false": "never", "0": "never", "no": "never"}


def _overwrite(value: object) -> object:
    """Read `true` and `false` too, as other systems say it."""
    return _WORDS.get(str(value).strip().lower(), value)


Overwrite = Annotated[Literal["always", "empty", "never"], BeforeValidator(_overwrite)]


class ConsentIn(Schema):
    """What everybody in the file has agreed to: never guessed, never taken from a file that does not say it here.

    `pending`: once the file is imported to its end, each who said neither yes nor no before is asked by one letter.
    """

    state: Literal["subscribed", "pending", "unsubscribed"]
    basis: Literal["consent", "contract", "legitimate_interest"] | None = None


class UploadIn(Schema):
    """What a file on its way in holds."""

    kind: Kind = "customers"


class ImportIn(Schema):
    """How to read a file and what to do with it. `mapping` is column to target, or null to leave the column out; `labels` name new fields."""

    kind: Kind = "customers"
    mapping: dict[Text, Target | None] = Field(default_factory=dict, max_length=500)
    labels: dict[Text, Line] = Field(default_factory=dict, max_length=500)
    overwrite: Overwrite = "empty"
    consent: ConsentIn | None = None
    encoding: Annotated[str | None, Field(max_length=40)] = None
    delimiter: Annotated[str | None, Field(max_length=10)] = None


class ImportOut(Schema):
    """How an import stands. Counts are rows; times are UTC."""

    id: int
    kind: Kind
    state: Literal["queued", "running", "finished", "failed", "cancelled"]
    paused: bool
    file_name: str
    rows_total: int
    rows_done: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    customers_created: int = Field(description="Whom a file of orders brought: made without consent.")
    overwrite: str
    consent: dict[str, Any] | None
    error: str | None
    undo: Literal["none", "running", "done"]
    removed: int
    restored: int
    kept: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RejectOut(Schema):
    """A row that was not taken: the line of the file it begins on, the column, what was found, and why."""

    line: int
    column: str
    found: str
    kind: str
    reason: str


class RejectQuery(ListQuery):
    """A page of rejects; `kind` narrows to one group of reasons."""

    kind: Annotated[str | None, Field(max_length=20)] = None
