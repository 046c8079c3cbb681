"""64,000 real customers: the count of every tree equals a count over the file in plain Python."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.core.db import cursor
from app.segments.service import previews
from tests.factories.customers import a_field, a_workspace
from tests.factories.segments import Rule, a_segment, either, every, field, members, negated
from tests.support import HILLSTROM, needs_hillstrom

NUMBERS = ("recency_months", "history_usd", "bought_mens", "bought_womens", "newbie")
TEXTS = ("history_segment", "zip_area", "channel")

pytestmark = needs_hillstrom
Row = dict[str, Any]


def f(key: str, op: str, value: Any = None) -> Rule:
    return field(f"fields.{key}", op, value)


TREES: list[tuple[Rule, Callable[[Row], bool]]] = [
    (f("channel", "eq", "Web"), lambda r: r["channel"] == "Web"),
    (f("channel", "ne", "Web"), lambda r: r["channel"] != "Web"),
    (f("history_usd", "gte", 200), lambda r: r["history_usd"] >= 200),
    (f("history_usd", "eq", 142.44), lambda r: r["history_usd"] == 142.44),
    (f("history_usd", "between", [29.99, 100]), lambda r: 29.99 <= r["history_usd"] <= 100),
    (f("recency_months", "in", [1, 2, 12]), lambda r: r["recency_months"] in (1, 2, 12)),
    (f("zip_area", "contains", "URB"), lambda r: "urb" in r["zip_area"].lower()),
    (f("history_segment", "starts_with", "7) $1"), lambda r: r["history_segment"].startswith("7) $1")),
    (f("history_segment", "in", ["1) $0 - $100", "2) $100 - $200"]), lambda r: r["history_segment"][0] in "12"),
    (field("email", "ends_with", "0@HILLSTROM.example"), lambda r: r["email"].endswith("0@hillstrom.example")),
    (field("external_id", "eq", "H00042"), lambda r: r["external_id"] == "H00042"),
    (field("country", "not_exists"), lambda _: True),
    (field("tags", "none_of", ["vip"]), lambda _: True),
    (
        every(f("bought_mens", "eq", 1), f("bought_womens", "eq", 1), f("newbie", "eq", 0)),
        lambda r: r["bought_mens"] == 1 and r["bought_womens"] == 1 and r["newbie"] == 0,
    ),
    (
        either(f("channel", "eq", "Phone"), every(f("zip_area", "eq", "Rural"), f("history_usd", "lt", 50))),
        lambda r: r["channel"] == "Phone" or (r["zip_area"] == "Rural" and r["history_usd"] < 50),
    ),
    (
        negated(either(f("recency_months", "gt", 6), f("channel", "eq", "Multichannel"), f("history_usd", "lte", 500))),
        lambda r: not (r["recency_months"] > 6 or r["channel"] == "Multichannel" or r["history_usd"] <= 500),
    ),
    (
        every(
            either(f("bought_mens", "eq", 1), f("newbie", "eq", 1)), negated(every(f("channel", "eq", "Web"), f("zip_area", "ne", "Urban")))
        ),
        lambda r: (r["bought_mens"] == 1 or r["newbie"] == 1) and not (r["channel"] == "Web" and r["zip_area"] != "Urban"),
    ),
]


def rows() -> list[Row]:
    with HILLSTROM.open(newline="", encoding="utf-8") as file:
        return [row | {key: json.loads(row[key]) for key in NUMBERS} for row in csv.DictReader(file)]


def load(workspace_id: int, people: list[Row]) -> None:
    """Put the file into customers as an import does: columns without a field of their own become custom fields."""
    for key in (*NUMBERS, *TEXTS):
        a_field(workspace_id, key, "number" if key in NUMBERS else "text")
    lines = io.StringIO()
    writer = csv.writer(lines)
    for row in people:
        custom = json.dumps({key: row[key] for key in (*NUMBERS, *TEXTS)})
        writer.writerow([workspace_id, row["external_id"], row["email"], custom])
    lines.seek(0)
    with cursor() as into:
        into.copy_expert("copy customers (workspace_id, external_id, email, attributes) from stdin (format csv)", lines)


def test_every_count_equals_a_count_over_the_file(session: Session) -> None:
    place, people = a_workspace().id, rows()
    load(place, people)
    assert len(people) == 64_000
    for tree, fits in TREES:
        found = previews.preview(place, tree if "operator" in tree else every(tree))
        assert (found.count, found.total) == (sum(map(fits, people)), 64_000), tree
    made = a_segment(place, every(f("channel", "eq", "Web"), f("history_usd", "gte", 1000)))
    assert made.members == len(members(made)) == sum(1 for row in people if row["channel"] == "Web" and row["history_usd"] >= 1000)
