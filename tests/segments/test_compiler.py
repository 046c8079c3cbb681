"""The tree as SQL: the same answer as in Python, on random people; and the shapes that make it fast."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from app.core.db import session
from app.segments import ast, nodes
from app.segments.compiler import Scope, select_customers
from app.segments.evaluate import Person, fits
from app.segments.models import Segment
from app.segments.resolve import resolve
from app.segments.vocabulary import Vocabulary
from tests.factories.customers import a_customer, a_workspace
from tests.factories.segments import did, either, every, field, member_of, moment, negated, tree, vocabulary
from tests.segments import crowd

Place = tuple[int, Vocabulary, int, int]
THOROUGH = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def place(database: None) -> Place:
    """A workspace, its words, a segment and a source in it."""
    workspace_id = a_workspace().id
    segment = Segment(workspace_id=workspace_id, name="Trail runners", criteria={})
    session().add(segment)
    session().flush()
    source = crowd.a_source(workspace_id)
    return workspace_id, vocabulary(segments={segment.id: "Trail runners"}, sources={source: "Spring"}), segment.id, source


def ids(node: nodes.Node, scope: Scope) -> list[int]:
    return sorted(session().scalars(select_customers(node, scope)))


def read(rules: Any, words: Vocabulary) -> nodes.Node:
    return resolve(ast.read(rules), words)


@pytest.mark.parametrize("seed", [1, 2])
def test_sql_and_python_agree_on_random_people_and_trees(place: Place, seed: int) -> None:
    workspace_id, words, segment, source = place
    a_customer(a_workspace().id)
    people: dict[int, Person] = crowd.make(workspace_id, seed, 70, segment, source)
    scope = Scope(workspace_id, moment())

    @THOROUGH
    @given(crowd.trees(segment, source))
    def agree(rules: Any) -> None:
        node = read(rules, words)
        expected = sorted(customer for customer, person in people.items() if fits(node, person, moment()))
        assert ids(node, scope) == expected
        assert ids(read(every(negated(rules)), words), scope) == sorted(people.keys() - set(expected))

    agree()


def test_a_restriction_to_some_customers_gives_the_same_answer_for_them(place: Place) -> None:
    workspace_id, words, segment, source = place
    people = crowd.make(workspace_id, 3, 40, segment, source)
    some = sorted(people)[::3]
    session().execute(sa.text("create temporary table touched (customer_id bigint primary key) on commit drop"))
    touched = sa.table("touched", sa.column("customer_id", sa.BigInteger))
    session().execute(sa.insert(touched), [{"customer_id": customer} for customer in some])

    @settings(THOROUGH, max_examples=30)
    @given(crowd.trees(segment, source))
    def agree(rules: Any) -> None:
        node = read(rules, words)
        everybody = ids(node, Scope(workspace_id, moment()))
        assert ids(node, Scope(workspace_id, moment(), touched)) == [customer for customer in everybody if customer in some]

    agree()


def sql(rules: Any) -> str:
    return str(select_customers(tree(every(rules)), Scope(1, moment())).compile(dialect=sa.dialects.postgresql.dialect()))


@pytest.mark.parametrize(
    "rules",
    [
        did("opened", "at_least", 3, within_days=30),
        every(did("bought", "at_least", 1, within_days=60), did("bought", "never", within_days=30)),
        either(did("opened", "at_least", 1), member_of(12), field("stats.orders_count", "gt", 3)),
        field("consent.email", "eq", "subscribed"),
    ],
)
def test_an_answer_that_other_tables_hold_does_not_touch_customers(rules: Any) -> None:
    assert "customers." not in sql(rules)


@pytest.mark.parametrize(
    "rules", [did("opened", "never"), field("stats.orders_count", "ne", 3), either(member_of(12), member_of(12, "not_in"))]
)
def test_a_complement_begins_with_all_customers(rules: Any) -> None:
    assert "FROM customers" in sql(rules)


def test_values_are_bound_and_never_written_into_the_statement() -> None:
    hostile = "x'; drop table customers; --"
    written = sql(either(field("city", "eq", hostile), field("fields.plan", "contains", hostile), field("tags", "any_of", [hostile])))
    assert "drop table" not in written


def test_the_values_own_percent_and_underscore_mean_themselves(place: Place) -> None:
    workspace_id, words, *_ = place
    plain = a_customer(workspace_id, city="100% wool_x\\y").id
    a_customer(workspace_id, city="1000 wool-xy")
    for op, value in (("contains", "0%"), ("contains", "l_x"), ("ends_with", "x\\Y"), ("starts_with", "100%")):
        assert ids(read(every(field("city", op, value)), words), Scope(workspace_id, moment())) == [plain]


def test_a_long_search_in_a_name_or_address_goes_over_the_trigram_index() -> None:
    written = sql(field("email", "contains", "exam"))
    assert "coalesce(customers.external_id, '')) ILIKE" in written
    assert "coalesce(" not in sql(field("email", "contains", "ex"))
    assert "coalesce(" not in sql(field("city", "contains", "exam"))


def test_equality_of_custom_fields_is_containment_and_exact_in_numbers(place: Place) -> None:
    workspace_id, words, *_ = place
    right = a_customer(workspace_id, attributes={"points": 0.1}).id
    a_customer(workspace_id, attributes={"points": 0.1000000000000001})
    a_customer(workspace_id, attributes={"points": "0.1"})
    assert ids(read(every(field("fields.points", "eq", 0.1)), words), Scope(workspace_id, moment())) == [right]
    assert "@>" in sql(field("fields.points", "eq", 0.1))
