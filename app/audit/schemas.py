"""What the audit search takes and what it gives."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from app.core.schemas import Blank, Id, ListQuery, Schema

Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2999, 12, 31))]
Word = Annotated[str, Field(max_length=200, pattern="^[^\x00]*$")]


class AuditQuery(ListQuery):
    """Filters of the search; all that are given must hold. Dates are days in the workspace's zone, both included."""

    who: Annotated[Annotated[str, Field(pattern=r"^(user:[0-9]{1,18}|key:[0-9]{1,18}|system)$")] | None, Blank] = None
    action: Annotated[Word | None, Blank] = None
    kind: Annotated[Word | None, Blank] = None
    id: Annotated[Id | None, Blank] = None
    since: Annotated[Day | None, Blank] = None
    until: Annotated[Day | None, Blank] = None
    refused: Annotated[bool | None, Blank] = None


class AuditOut(Schema):
    """One entry of the log."""

    id: int
    at: datetime
    actor: str
    user_id: int | None
    key_id: int | None
    address: str | None
    request_id: str | None
    action: str
    subject_kind: str
    subject_id: int | None
    subject_name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    refused: bool
    reason: str | None
