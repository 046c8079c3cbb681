"""What the pages and the API of segments take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, WrapValidator

from app.core.schemas import Id, Line, ListQuery, Schema, Text
from app.segments.ast import Group

MOST_IDS = 10_000
"""Customers named in one call that adds to a list or takes from it."""

Criteria = Annotated[Group, WrapValidator(lambda given, _read: given)]
"""Documented as a tree and kept as given: `ast.read` checks it, whose paths begin at the tree (`rules[2].value`)."""
Note = Annotated[Text, Field(max_length=1000)]
Ids = Annotated[list[Id], Field(max_length=MOST_IDS)]


class SegmentIn(Schema):
    """A new segment: dynamic with criteria, static without."""

    name: Line
    description: Note = ""
    kind: Literal["dynamic", "static"] = "dynamic"
    criteria: Criteria | None = None


class SegmentPatch(Schema):
    """What to change. With `version`, the change is refused if somebody was faster."""

    name: Line | None = None
    description: Note | None = None
    criteria: Criteria | None = None
    version: int | None = None


class SegmentForm(Schema):
    """The page of a segment with rules: they come as JSON text, written by the builder."""

    name: Line
    description: Note = ""
    criteria: Annotated[Text, Field(max_length=200_000)] = ""
    version: int | None = None


class ListForm(Schema):
    """The page of a static list."""

    name: Line
    description: Note = ""


class PeopleForm(Schema):
    """People to put on a list, one a line."""

    people: Annotated[Text, Field(max_length=1_000_000)] = ""


class AskIn(Schema):
    """What the builder asks about a tree that may not be saved: `segment` is the saved one, `seed` chooses other people."""

    criteria: Criteria
    segment: Id | None = None
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    words: Annotated[Text, Field(max_length=200)] = ""
    customer: Id | None = None


class SegmentQuery(ListQuery):
    """Which segments to list: those with these letters in their name."""

    search: Annotated[Text, Field(max_length=200)] = ""


class SegmentOut(BaseModel):
    """A segment. `count` is the number of members when last looked; `filled_at` is null while they are being found."""

    id: int
    name: str
    description: str
    kind: str
    criteria: dict[str, Any] | None
    count: int = Field(validation_alias="members")
    follows_time: bool
    filled_at: datetime | None
    refreshed_at: datetime | None
    problem: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class CriteriaIn(Schema):
    """A tree to try out."""

    criteria: Criteria


class PreviewQuery(Schema):
    """With `parts`, every rule and group is counted by itself too."""

    parts: bool = False


class PartOut(BaseModel):
    """How many fit one rule or group; `takes` is how many a NOT takes from its group. Null where there was no time to count."""

    count: int | None
    takes: int | None = None


class PreviewOut(BaseModel):
    """How many fit, of how many, and how long counting took in milliseconds; `parts` by path (`rules[0]`)."""

    count: int
    total: int
    took_ms: int
    parts: dict[str, PartOut] | None = None


class RefreshedOut(BaseModel):
    """The number of members, and how many entered and left."""

    count: int
    entered: int
    left: int


class MembersIn(Schema):
    """Customers to put on a static list and to take off it."""

    add: Ids = []
    remove: Ids = []


class MemberOut(BaseModel):
    """A customer in a segment, and since when."""

    id: int
    email: str | None
    external_id: str | None
    first_name: str | None
    last_name: str | None
    entered_at: datetime


class FieldOut(BaseModel):
    """A field that rules may name, and the comparisons that fit it."""

    field: str
    label: str
    type: str
    operators: list[str]
    choices: list[str]


class NameOut(BaseModel):
    """An activity, by the name that rules use."""

    activity: str
    label: str


class WordsOut(BaseModel):
    """All that rules may name in this workspace."""

    fields: list[FieldOut]
    activities: list[NameOut]
