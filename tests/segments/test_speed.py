"""No shape of statement is quadratic: 10,000 customers and 100,000 activities, beside the same rules written by hand."""

from collections.abc import Callable
from time import perf_counter

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import db
from app.segments.compiler import Scope, select_customers
from app.segments.queries import counting
from app.segments.service import filling
from app.segments.service.filling import moment_of
from tests.factories.customers import a_workspace
from tests.factories.segments import Rule, a_segment, did, either, every, field, negated, tree

FEW = 10_000
US = every(field("country", "eq", "US"), field("stats.lifetime_value", "gt", 10000))
OFTEN = did("opened", "at_least", 3, within_days=30)

BY_HAND: list[tuple[Rule, str]] = [
    (US, "select c.id from customers c join customer_stats s on s.customer_id = c.id where c.country = 'US' and s.lifetime_value > 10000"),
    (
        every(OFTEN),
        "select customer_id from activities where kind = 2 and occurred_at >= now() - interval '30 days' group by 1 having count(*) >= 3",
    ),
    (
        every(did("clicked", "never", within_days=90), field("created_at", "more_than_days_ago", 30)),
        """select id from customers c where created_at < now() - interval '30 days' and not exists (select from activities a
        where a.kind = 3 and a.occurred_at >= now() - interval '90 days' and a.customer_id = c.id)""",
    ),
    (
        every(either(US, OFTEN), negated(field("tags", "any_of", ["tag5"]))),
        """select c.id from customers c join customer_stats s on s.customer_id = c.id where ((country = 'US' and lifetime_value > 10000)
        or c.id in (select customer_id from activities where kind = 2 and occurred_at >= now() - interval '30 days' group by 1
        having count(*) >= 3)) and not tags && array['tag5']""",
    ),
]

CROWD = (
    "alter table customers disable trigger user",
    """insert into customers (workspace_id, email, country, tags, created_at) select :w, 'u' || i || '@x.example',
    (array['US', 'GB', 'DE'])[1 + i % 3], case when i % 2 = 0 then array['tag' || i % 9] else '{}' end,
    now() - i % 700 * interval '1 day' - interval '5 hours' from generate_series(1, :n) i""",
    "insert into customer_stats (workspace_id, customer_id, lifetime_value) select :w, id, id % 100 * 500 from customers where workspace_id = :w",
    """insert into activities (workspace_id, occurred_at, event_id, customer_id, kind) select :w,
    now() - i % 360 * interval '1 day' - interval '5 hours', gen_random_uuid(),
    (select min(id) from customers where workspace_id = :w) + power(i % 1000 / 1000.0, 2) * (:n - 1), 1 + i % 5
    from generate_series(1, :n * 10) i""",
    "alter table customers enable trigger user",
    "analyze customers",
    "analyze customer_stats",
    "analyze activities",
)


@pytest.fixture
def place(session: Session) -> int:
    place = a_workspace().id
    for statement in CROWD:
        session.execute(sa.text(statement), {"w": place, "n": FEW} if ":w" in statement else {})
    return place


def seconds(act: Callable[[], object]) -> float:
    """Return the best of three: other work on the machine only ever slows it down."""
    taken = []
    for _ in range(3):
        began = perf_counter()
        act()
        taken.append(perf_counter() - began)
    return min(taken)


def test_no_statement_takes_much_longer_than_by_hand(place: int) -> None:
    counting.prepare()
    for rules, sql in BY_HAND:
        _as_by_hand(place, rules, f"select count(*) from ({sql}) x")  # noqa: S608 (written above)
    _fill_and_turn_round(place)
    _lists_stay_hashed(place)


def _as_by_hand(place: int, rules: Rule, sql: str) -> None:
    made = a_segment(place, rules)
    assert made.members == db.session.scalar(sa.text(sql)), sql
    scope = Scope(place, moment_of(place))
    by_hand = seconds(lambda: db.session.execute(sa.text(sql)).scalar())
    assert seconds(lambda: counting.count(tree(rules), scope)) < 4 * by_hand + 0.1, sql
    assert seconds(lambda: filling.refresh(place, made.id)) < 4 * by_hand + 0.4, sql


def _fill_and_turn_round(place: int) -> None:
    began = perf_counter()
    made = a_segment(place, field("created_at", "exists"))
    made.criteria = every(field("country", "ne", "US"))
    db.session.flush()
    found = filling.refresh(place, made.id)
    assert (found.count, found.left) == (made.members, FEW - made.members)
    assert perf_counter() - began < 10


def _lists_stay_hashed(place: int) -> None:
    """Lists inside an OR that are not hashed are searched again for every customer."""
    rules = either(*(did(kind, "at_least", 1) for kind in ("opened", "clicked", "bought")), field("country", "eq", "FR"))
    statement = select_customers(tree(rules), Scope(place, moment_of(place)))
    written = str(statement.compile(db.engine, compile_kwargs={"literal_binds": True}))
    plan = "\n".join(row[0] for row in db.session.connection().exec_driver_sql("explain " + written))
    assert plan.count("hashed SubPlan") == 3, plan
