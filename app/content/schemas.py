"""What the pages and the API of templates take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from app.core.schemas import Blank, Id, Line, ListQuery, Schema, Storable, Text

MOST = 512 * 1024
Subject = Annotated[str, Field(min_length=1, max_length=1000), Storable]
Preheader = Annotated[Text, Field(max_length=1000)]
Words = Annotated[str, StringConstraints(strip_whitespace=False), Field(max_length=MOST), Storable]
"""Kept as written, space and all."""
Body = Annotated[str, StringConstraints(strip_whitespace=False), Field(min_length=1, max_length=MOST), Storable]
Kind = Literal["html", "markdown"]


class TemplateIn(Schema):
    """A new template. Without `text`, the text part is made from the body."""

    name: Line
    kind: Kind = "html"
    subject: Subject
    preheader: Preheader = ""
    body: Body
    text: Annotated[Words | None, Blank] = None


class TemplatePatch(Schema):
    """What to change; what is left out stays. With `version`, the change is refused if somebody was faster."""

    name: Line | None = None
    subject: Subject | None = None
    preheader: Preheader | None = None
    body: Body | None = None
    text: Annotated[Words | None, Blank] = None
    version: int | None = None


class TemplateForm(Schema):
    """The editor: all words at once."""

    name: Line
    kind: Kind = "html"
    subject: Subject
    preheader: Preheader = ""
    body: Body
    text: Annotated[Words | None, Blank] = None
    version: int | None = None
    who: Annotated[Text, Field(max_length=200)] = ""
    part: Literal["html", "text"] = "html"


class DraftForm(Schema):
    """What the editor shows beside the words, while they are written: nothing is needed yet."""

    name: Annotated[Text, Field(max_length=200)] = ""
    kind: Kind = "html"
    subject: Annotated[Text, Field(max_length=1000)] = ""
    preheader: Preheader = ""
    body: Words = ""
    text: Annotated[Words | None, Blank] = None
    version: Annotated[int | None, BeforeValidator(lambda given: given or None)] = None
    who: Annotated[Text, Field(max_length=200)] = ""
    part: Literal["html", "text"] = "html"


class TemplateQuery(ListQuery):
    """Which templates to list: those with these letters in their name; `archived`: those that are not offered any more."""

    search: Annotated[Text, Field(max_length=200)] = ""
    archived: bool = False


class RenderIn(Schema):
    """For whom to render, and which version; without a customer, all about the customer is missing."""

    customer_id: Id | None = None
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1)] = None


class TemplateSummary(BaseModel):
    """A template without its words."""

    id: int
    name: str
    kind: str
    version: int
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TemplateOut(TemplateSummary):
    """A template with the words of its newest version."""

    subject: str
    preheader: str
    body: str
    text: str | None


class VersionOut(BaseModel):
    """What a template said at one time."""

    number: int
    subject: str
    preheader: str
    body: str
    text: str | None
    by: str
    created_at: datetime


class RenderOut(BaseModel):
    """A mail as one person would get it, and what to look at before it is sent."""

    subject: str
    preheader: str
    html: str
    text: str
    warnings: list[str]
