"""What a field is, and the fields that every workspace has. Pure: no session, no Flask.

How values are kept: `text` as text; `number` as a JSON number; `boolean` as true or false; `date` as `2026-11-21`; `datetime` as
`2026-11-21T10:50:00Z`; `money` as whole minor units of the workspace's currency; `list` as a list of texts. Nothing is kept for no value:
a custom field without one has no key in `attributes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from babel import Locale

from app.customers.models.consent import STATES
from app.customers.models.customers import Stage
from app.customers.models.fields import FieldType

PREFIX = "fields."


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field as rules, filters, forms and files name it.

    `source` says where it is kept: `profile` (a column of customers), `tags`, `custom` (in `attributes`), `stats` (a column of
    customer_stats), `consent` (the state of the channel as a whole). `choices` are the only values allowed, `words` their names
    for people. `editable`: a person, the API or a file may set it.
    """

    path: str
    label: str
    type: str
    source: str
    choices: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    editable: bool = True
    id: int | None = None

    @property
    def key(self) -> str:
        """Return the last part of the path: the column, the key in `attributes`, the channel."""
        return self.path.rpartition(".")[2]

    def say(self, value: str) -> str:
        """Return a choice's name for people, or the value itself."""
        return self.words.get(value, value)


STAGE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        Stage.SUBSCRIBER.value: "Subscriber",
        Stage.LEAD.value: "Lead",
        Stage.MQL.value: "Marketing qualified",
        Stage.SQL.value: "Sales qualified",
        Stage.CUSTOMER.value: "Customer",
        Stage.EVANGELIST.value: "Evangelist",
    }
)
CONSENT_WORDS: Mapping[str, str] = MappingProxyType(
    {"subscribed": "Subscribed", "pending": "Not confirmed", "unsubscribed": "Unsubscribed"}
)
ORIGIN_WORDS: Mapping[str, str] = MappingProxyType(
    {"page": "Added by hand", "import": "Import", "api": "API", "form": "Form", "demo": "Demo"}
)
_NOT_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
COUNTRY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        code: name
        for code, name in sorted(Locale("en").territories.items(), key=lambda pair: pair[1])
        if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES  # noqa: PLR2004 (ISO 3166 alpha-2)
    }
)


def _profile(
    path: str, label: str, kind: FieldType = FieldType.TEXT, *, editable: bool = True, words: Mapping[str, str] | None = None
) -> FieldInfo:
    words = words or MappingProxyType({})
    return FieldInfo(path, label, kind.value, "profile", tuple(words), words, editable)


def _computed(name: str, label: str, kind: FieldType) -> FieldInfo:
    return FieldInfo(f"stats.{name}", label, kind.value, "stats", editable=False)


PROFILE = (
    _profile("email", "E-mail address"),
    _profile("phone", "Phone"),
    _profile("external_id", "External id"),
    _profile("first_name", "First name"),
    _profile("last_name", "Last name"),
    _profile("company", "Company"),
    _profile("job_title", "Job title"),
    _profile("country", "Country", words=COUNTRY_WORDS),
    _profile("region", "Region"),
    _profile("city", "City"),
    _profile("postcode", "Postcode"),
    _profile("language", "Language"),
    _profile("zone", "Time zone"),
    _profile("birthday", "Birthday", FieldType.DATE),
    _profile("gender", "Gender"),
    _profile("stage", "Stage", words=STAGE_WORDS),
    _profile("origin", "Came from", editable=False),
    _profile("created_at", "Customer since", FieldType.DATETIME, editable=False),
)
TAGS = FieldInfo("tags", "Tags", FieldType.LIST.value, "tags")
CONSENT = FieldInfo("consent.email", "E-mail consent", FieldType.TEXT.value, "consent", STATES, CONSENT_WORDS, editable=False)
LIFETIME_VALUE = _computed("lifetime_value", "Lifetime value", FieldType.MONEY)
STATS = (
    _computed("orders_count", "Orders", FieldType.NUMBER),
    LIFETIME_VALUE,
    _computed("first_order_at", "First order", FieldType.DATETIME),
    _computed("last_order_at", "Last order", FieldType.DATETIME),
    _computed("last_activity_at", "Last seen", FieldType.DATETIME),
    # `engagement` joins them when a room computes it: a rule about it would fit nobody until then.
)
