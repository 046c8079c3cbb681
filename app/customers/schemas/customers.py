"""Customers: made, changed, shown."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from app.core.schemas import Id, Moment, OptionalLine, Schema, Text
from app.customers.coerce import coerce, sentence
from app.customers.models.consent import EVERY_TOPIC
from app.customers.values import PROFILE, TAGS, FieldInfo

_BY_PATH = {info.path: info for info in (*PROFILE, TAGS)}


def reader(info: FieldInfo) -> Callable[[object], Any]:
    """Return the validator of a profile field: the same `coerce` that custom fields and files go through."""
    return partial(_read, info)


def _read(info: FieldInfo, value: object) -> Any:
    try:
        return coerce(info, value)
    except ValueError as problem:
        raise ValueError(sentence(problem)) from None


def _field(path: str) -> BeforeValidator:
    return BeforeValidator(reader(_BY_PATH[path]))


def _none_to_empty(value: object) -> object:
    return [] if value is None else value


Email = Annotated[Annotated[str, Field(max_length=254)] | None, _field("email")]
Phone = Annotated[Annotated[str, Field(max_length=40)] | None, _field("phone")]
Country = Annotated[Annotated[str, Field(max_length=60)] | None, _field("country")]
Language = Annotated[Annotated[str, Field(max_length=35)] | None, _field("language")]
Zone = Annotated[Annotated[str, Field(max_length=60)] | None, _field("zone")]
Birthday = Annotated[date | None, _field("birthday")]
StageName = Annotated[Literal["subscriber", "lead", "mql", "sql", "customer", "evangelist"] | None, _field("stage")]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Tags = Annotated[list[Text], BeforeValidator(_none_to_empty), _field("tags"), BeforeValidator(_none_to_empty)]
Channel = Literal["email", "sms", "phone", "post"]
State = Literal["subscribed", "pending", "unsubscribed"]
Basis = Literal["consent", "contract", "legitimate_interest"]


class Profile(Schema):
    """The fields of a customer that people, programs and forms may set. `fields` holds custom fields by key."""

    email: Email = None
    phone: Phone = None
    external_id: OptionalLine = None
    first_name: OptionalLine = None
    last_name: OptionalLine = None
    company: OptionalLine = None
    job_title: OptionalLine = None
    country: Country = None
    region: OptionalLine = None
    city: OptionalLine = None
    postcode: OptionalLine = None
    language: Language = None
    zone: Zone = None
    birthday: Birthday = None
    gender: OptionalLine = None
    stage: StageName = None
    tags: Tags = []
    fields: dict[str, Any] = Field(default={}, description="Custom fields by key. Money as a number is in minor units.")


class ConsentGiven(Schema):
    """Consent as it was given or taken: to a channel, or to one topic of it."""

    channel: Channel = "email"
    topic_id: Annotated[int, Field(ge=0, le=2**63 - 1)] = EVERY_TOPIC
    state: State
    basis: Basis | None = None
    source: Annotated[str, Field(min_length=1, max_length=200)] = "api"
    wording: Annotated[Text, Field(max_length=2000)] | None = None
    address: Annotated[Text, Field(max_length=100)] | None = Field(default=None, description="The IP address it came from.")
    occurred_at: Moment | None = None


class CustomerIn(Profile):
    """A new customer: at least an address, a phone or an external id."""

    consent: list[ConsentGiven] = Field(default=[], max_length=20)


class CustomerPatch(Profile):
    """Changes: only the fields that are given. `version` refuses the change if somebody else changed the customer since."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class TagsIn(Schema):
    """Tags to put on and to take off."""

    add: Tags = []
    remove: Tags = []


class StatsOut(Schema):
    """Computed figures. `lifetime_value` in minor units of the workspace's currency."""

    orders_count: int
    lifetime_value: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    last_activity_at: datetime | None
    engagement: int | None


class CustomerOut(Schema):
    """A customer with computed figures, and the state of consent by channel."""

    id: int
    email: str | None
    phone: str | None
    external_id: str | None
    first_name: str | None
    last_name: str | None
    company: str | None
    job_title: str | None
    country: str | None
    region: str | None
    city: str | None
    postcode: str | None
    language: str | None
    zone: str | None
    birthday: date | None
    gender: str | None
    stage: str
    tags: list[str]
    fields: dict[str, Any]
    stats: StatsOut
    consent: dict[str, str]
    suppressed: str | None = Field(description="Why the address is suppressed, or null.")
    origin: str
    version: int
    created_at: datetime
    updated_at: datetime


class Selection(Schema):
    """Whom a bulk act is for: the ids ticked, or everybody a list's query finds."""

    ids: Annotated[list[Id], Field(max_length=1000)] = []
    everyone: bool = False
    query: Annotated[Text, Field(max_length=4000)] = ""
