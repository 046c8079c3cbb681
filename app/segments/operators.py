"""Which comparisons there are, and which of them fit which type of field."""

TEXT_OPS = ("eq", "ne", "contains", "not_contains", "starts_with", "ends_with", "in", "not_in", "exists", "not_exists")
NUMBER_OPS = ("eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "not_in", "exists", "not_exists")
BOOLEAN_OPS = ("eq", "ne", "exists", "not_exists")
MOMENT_OPS = (
    "eq", "ne", "lt", "lte", "gt", "gte", "between", "before", "after",
    "within_days", "more_than_days_ago", "next_days", "exists", "not_exists",
)  # fmt: skip
DATE_OPS = (*MOMENT_OPS[:-2], "anniversary_next_days", *MOMENT_OPS[-2:])
LIST_OPS = ("any_of", "all_of", "none_of", "contains", "not_contains", "exists", "not_exists")

OPS_BY_TYPE: dict[str, tuple[str, ...]] = {
    "text": TEXT_OPS,
    "number": NUMBER_OPS,
    "money": NUMBER_OPS,
    "boolean": BOOLEAN_OPS,
    "date": DATE_OPS,
    "datetime": MOMENT_OPS,
    "list": LIST_OPS,
}
FIELD_OPS = tuple(dict.fromkeys(op for ops in OPS_BY_TYPE.values() for op in ops))
CONDITION_OPS = ("eq", "ne", "lt", "lte", "gt", "gte", "between", "contains", "not_contains", "starts_with", "ends_with",
                 "in", "not_in", "exists", "not_exists")  # fmt: skip
ACTIVITY_OPS = ("at_least", "at_most", "exactly", "never")
MEMBER_OPS = ("in", "not_in")

COMPLEMENTS = {"ne": "eq", "not_in": "in", "none_of": "any_of", "not_contains": "contains", "not_exists": "exists"}
"""A negative comparison is the exact complement of a positive one: it includes people without the value."""
NO_VALUE = ("exists", "not_exists")
DAYS = ("within_days", "more_than_days_ago", "next_days", "anniversary_next_days")
"""Comparisons with the present: their value is a number of days, and membership changes as time passes."""
