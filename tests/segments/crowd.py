"""A crowd of random customers, in the database and as the evaluator sees them, and random trees about them."""

import random
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.dialects.postgresql import insert

from app.core.db import session
from app.customers.models import Activity, ActivitySource, Consent, Customer, CustomerStats
from app.segments.evaluate import Act, Person
from app.segments.models import SegmentMember
from tests.factories.segments import NOON, Rule, did, field, member_of

TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "Ärger",
    "ärger",
    "STRASSE",
    "straße",
    "İstanbul",
    "100%",
    "a_b",
    "a\\b",
    "𝒳 🏙",
    "ΣΟΦΟΣ",
    "true",
    "3",
    "x'y\"z",
]
CITIES = [*TEXTS[1:], None, None, None]
COUNTRIES = ["US", "US", "GB", "DE", None]
TAGS = ["vip", "trail", "a", "A", "🏙"]
NUMBERS = [0, 1, -1, 2.5, 142.44, 0.1, 10**14, -(10**14)]
DAYS = [date(1990, 2, 28), date(1992, 2, 29), date(2026, 11, 21), date(2026, 11, 22), date(2026, 10, 22), date(2027, 1, 1)]
TIMES = [NOON + timedelta(seconds=s) for s in (0, -1, 1, -86400, -86400 * 30, -86400 * 30 - 1, 86400, -86400 * 400)]
TIMES += [datetime(2026, 11, 20, 23, tzinfo=UTC), datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC)]
ODD = [True, 3, "3", None, [], ["vip"], {"a": 1}, "", "2026-11-21", "2026-11-21T12:00:00Z", 2.5]


def _attributes(dice: random.Random) -> dict[str, Any]:
    fitting = {
        "plan": dice.choice(TEXTS),
        "points": dice.choice(NUMBERS),
        "newsletter": dice.random() < 0.5,
        "renewal": dice.choice(DAYS).isoformat(),
        "seen": f"{dice.choice(TIMES):%Y-%m-%dT%H:%M:%SZ}",
        "saved": dice.choice([0, 5, 20000]),
        "likes": dice.sample(TAGS, dice.randrange(4)),
    }
    return {key: dice.choice(ODD) if dice.random() < 0.15 else value for key, value in fitting.items() if dice.random() < 0.7}


def _profile(dice: random.Random, n: int) -> dict[str, Any]:
    return {
        "email": dice.choice([None, f"P{n}@Example.com", f"p{n}@example.com", f"q{n}@straße.example"]),
        "city": dice.choice(CITIES),
        "country": dice.choice(COUNTRIES),
        "birthday": dice.choice([None, *DAYS]),
        "created_at": dice.choice(TIMES),
        "tags": dice.sample(TAGS, dice.randrange(4)),
        "attributes": _attributes(dice),
    }


def make(workspace_id: int, seed: int, size: int, segment_id: int, source: int) -> dict[int, Person]:
    """Insert customers and return them by id."""
    dice = random.Random(seed)
    people: dict[int, Person] = {}
    for n in range(size):
        row = _profile(dice, n)
        customer = session().execute(sa.insert(Customer).values(workspace_id=workspace_id, **row).returning(Customer.id)).scalar_one()
        people[customer] = Person(
            profile=row,
            attributes=row["attributes"],
            tags=row["tags"],
            stats=_stats(dice, workspace_id, customer),
            consents=_consent(dice, workspace_id, customer),
            activities=_acts(dice, workspace_id, customer, source),
            segments=_segments(dice, customer, segment_id),
        )
    return people


def _stats(dice: random.Random, workspace_id: int, customer: int) -> dict[str, Any]:
    row = {
        "orders_count": dice.choice([0, 0, 1, 5]),
        "lifetime_value": dice.choice([0, 5, 20000, -300]),
        "last_order_at": dice.choice([None, *TIMES]),
    }
    mine = (CustomerStats.workspace_id == workspace_id, CustomerStats.customer_id == customer)
    session().execute(sa.update(CustomerStats).where(*mine).values(**row))
    return row


def _consent(dice: random.Random, workspace_id: int, customer: int) -> dict[str, str]:
    """Give a consent to the channel, and one to a topic that must not count."""
    keys = {"workspace_id": workspace_id, "customer_id": customer, "channel": "email", "source": "test", "occurred_at": NOON}
    session().execute(sa.insert(Consent).values(**keys, topic_id=5, state="subscribed"))
    state = dice.choice([None, "subscribed", "pending", "unsubscribed"])
    if state is None:
        return {}
    session().execute(sa.insert(Consent).values(**keys, topic_id=0, state=state))
    return {"email": state}


def _acts(dice: random.Random, workspace_id: int, customer: int, source: int) -> tuple[Act, ...]:
    acts = tuple(
        Act(
            dice.choice([2, 2, 3, 4]),
            dice.choice(TIMES),
            dice.choice([None, source]),
            dice.choice([None, {}, {"amount": dice.choice(NUMBERS)}, {"amount": dice.choice(ODD), "topic": dice.choice(TEXTS)}]),
        )
        for _ in range(dice.choice([0, 0, 1, 2, 5]))
    )
    for act in acts:
        values = {"occurred_at": act.occurred_at, "kind": act.kind, "source_id": act.source_id, "data": act.data}
        session().execute(sa.insert(Activity).values(workspace_id=workspace_id, customer_id=customer, event_id=uuid.uuid4(), **values))
    return acts


def _segments(dice: random.Random, customer: int, segment_id: int) -> frozenset[int]:
    if dice.random() < 0.6:
        return frozenset()
    session().execute(sa.insert(SegmentMember).values(segment_id=segment_id, customer_id=customer, entered_at=NOON))
    return frozenset({segment_id})


def change(dice: random.Random, workspace_id: int, customer: int, source: int) -> None:
    """Let something happen to a customer."""
    mine = (Customer.workspace_id == workspace_id, Customer.id == customer)
    what = dice.randrange(4)
    if what == 0:
        row = {name: value for name, value in _profile(dice, customer).items() if name != "email"}
        session().execute(sa.update(Customer).where(*mine).values(**row))
    elif what == 1:
        _stats(dice, workspace_id, customer)
    elif what == 2:
        _acts(dice, workspace_id, customer, source)
    else:
        state = dice.choice(["subscribed", "pending", "unsubscribed"])
        keys = {"workspace_id": workspace_id, "customer_id": customer, "channel": "email", "topic_id": 0}
        row = insert(Consent).values(**keys, source="test", occurred_at=NOON, state=state)
        session().execute(row.on_conflict_do_update(index_elements=["customer_id", "channel", "topic_id"], set_={"state": state}))


def a_source(workspace_id: int) -> int:
    row = ActivitySource(workspace_id=workspace_id, kind="campaign", name="Spring")
    session().add(row)
    session().flush()
    return row.id


_texts = st.sampled_from(TEXTS[1:])
_numbers = st.sampled_from([*NUMBERS, 5, 20000, 142, "0.1"])
_cents = st.sampled_from([0, 5, 20000, -300, 1])
_days = st.sampled_from([day.isoformat() for day in DAYS])
_times = st.sampled_from([at.isoformat() for at in TIMES]) | _days | st.just("2026-11-21T12:00:00.5Z")
_few = st.sampled_from([1, 2, 29, 30, 31, 400])


def _fields(paths: list[str], ops: list[str], value: st.SearchStrategy[Any]) -> st.SearchStrategy[Rule]:
    return st.builds(field, st.sampled_from(paths), st.sampled_from(ops), value)


def _pair(values: st.SearchStrategy[Any], key: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=2, max_size=2).map(lambda pair: sorted(pair, key=key))


def _lists(values: st.SearchStrategy[Any], most: int = 30) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=3) | st.lists(values, min_size=21, max_size=most)


_ORDER = ["lt", "lte", "gt", "gte", "eq", "ne"]
_TEXT_PATHS = ["city", "email", "fields.plan"]
_NUMBER_PATHS = ["fields.points", "stats.orders_count"]
_MONEY_PATHS = ["stats.lifetime_value", "fields.saved"]
_TIME_PATHS = ["created_at", "stats.last_order_at", "fields.seen"]
_ALL = [
    *_TEXT_PATHS,
    *_NUMBER_PATHS,
    *_MONEY_PATHS,
    *_TIME_PATHS,
    "tags",
    "fields.likes",
    "fields.newsletter",
    "fields.renewal",
    "birthday",
]

field_rules = st.one_of(
    _fields(_TEXT_PATHS, ["eq", "ne", "contains", "not_contains", "starts_with", "ends_with"], _texts),
    _fields(_TEXT_PATHS, ["in", "not_in"], _lists(_texts)),
    _fields(["country"], ["eq", "ne"], st.sampled_from(["US", "GB", "FR"])),
    _fields(["consent.email"], ["eq", "ne"], st.sampled_from(["subscribed", "pending"])),
    _fields(["consent.email"], ["in", "not_in"], st.just(["subscribed", "unsubscribed"])),
    _fields(_NUMBER_PATHS, _ORDER, _numbers),
    _fields(_NUMBER_PATHS, ["in", "not_in"], _lists(_numbers)),
    _fields(_NUMBER_PATHS, ["between"], _pair(_numbers, float)),
    _fields(_MONEY_PATHS, _ORDER, _cents),
    _fields(["fields.newsletter"], ["eq", "ne"], st.booleans()),
    _fields(["birthday", "fields.renewal"], [*_ORDER, "before", "after"], _days),
    _fields(["birthday", "fields.renewal"], ["between"], _pair(_days, str)),
    _fields(["birthday", "fields.renewal"], ["within_days", "more_than_days_ago", "next_days", "anniversary_next_days"], _few),
    _fields(_TIME_PATHS, [*_ORDER, "before", "after"], _times),
    _fields(_TIME_PATHS, ["within_days", "more_than_days_ago", "next_days"], _few),
    _fields(_TIME_PATHS, ["between"], _pair(_days, str)),
    _fields(["tags", "fields.likes"], ["any_of", "all_of", "none_of"], _lists(st.sampled_from([*TAGS, "nowhere"]))),
    _fields(["tags", "fields.likes"], ["contains", "not_contains"], st.sampled_from([*TAGS, "nowhere"])),
    _fields([*_ALL, "consent.email"], ["exists", "not_exists"], st.none()),
)
_conditions = st.one_of(
    st.builds(field, st.just("amount"), st.sampled_from(_ORDER), st.sampled_from(NUMBERS)),
    st.builds(field, st.sampled_from(["amount", "topic"]), st.sampled_from(["eq", "ne"]), st.sampled_from(["3", 3, True, "a"])),
    st.builds(field, st.sampled_from(["amount", "topic"]), st.sampled_from(["in", "not_in"]), _lists(st.sampled_from(["3", 3, True, 2.5]))),
    st.builds(field, st.sampled_from(["amount", "topic"]), st.sampled_from(["contains", "not_contains", "starts_with"]), _texts),
    st.builds(field, st.sampled_from(["amount", "topic"]), st.sampled_from(["exists", "not_exists"])),
)
_windows = st.one_of(
    st.just({}),
    st.builds(lambda d: {"within_days": d}, _few),
    st.builds(lambda t: {"after": t}, _times),
    st.builds(lambda t: {"before": t}, _times),
    st.just({"after": "2026-10-21", "before": "2026-11-21"}),
    st.just({"after": NOON.isoformat(), "before": NOON.isoformat()}),
)


@st.composite
def activity_rules(draw: st.DrawFn, source: int) -> Rule:
    """Draw a rule about activities."""
    op, times = draw(
        st.sampled_from(
            [
                ("at_least", 1),
                ("at_least", 2),
                ("at_most", 0),
                ("at_most", 1),
                ("exactly", 0),
                ("exactly", 1),
                ("exactly", 2),
                ("never", None),
            ]
        )
    )
    says = dict(draw(_windows))
    if draw(st.integers(0, 3)) == 0:
        says["source"] = source
    if draw(st.integers(0, 2)) == 0:
        says["where"] = draw(st.lists(_conditions, min_size=1, max_size=2))
    return did(draw(st.sampled_from(["opened", "opened", "clicked", "bought", "visited"])), op, times, **says)


def trees(segment_id: int, source: int) -> st.SearchStrategy[Rule]:
    """Return a strategy of trees over everything."""
    members = st.sampled_from([member_of(segment_id), member_of(segment_id, "not_in")])
    leaf = st.sampled_from([field_rules] * 3 + [activity_rules(source)] * 3 + [members]).flatmap(lambda kind: kind)
    group = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda o, r: {"operator": o, "rules": r}, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda r: {"operator": "NOT", "rules": [r]}, inner),
        ),
        max_leaves=8,
    )
    return group.map(lambda rule: rule if "operator" in rule else {"operator": "AND", "rules": [rule]})
