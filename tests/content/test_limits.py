"""What words may take, of time and room: nothing that a template or a customer holds makes saving or sending slow."""

from datetime import date
from decimal import Decimal
from time import process_time
from typing import Any

import pytest

from app.content.render.speech import say
from app.core.errors import Invalid
from tests.factories.words import address, compiled, context, shown


@pytest.mark.parametrize("number", ["1e9000000", "-1e9000000", "1e5000", "1e-9000000", "0e9000000", "9" * 65, "nan", "inf", "sNaN"])
def test_a_number_too_long_to_calculate_with_stays_as_it_is(number: str) -> None:
    for value in (number, Decimal(number)):
        for name in ("int", "round", "round(12)", "number", "number(9)", "money"):
            assert shown("{{ customer.first_name | " + name + " }}", context(value)) == str(value)
        compared = "{% if customer.first_name > 3 %}{% endif %}{% if customer.first_name == 3 %}{% else %}b{% endif %}"
        assert shown(compared, context(value)) == "b"


def test_what_is_said_of_a_number_never_fails() -> None:
    numbers: list[Any] = [10**30, 10**100_000, -(10**100_000), 1e308, float("inf"), float("nan"), Decimal("1e9000000")]
    assert [len(say(one)) for one in numbers] == [31, 0, 0, 309, 3, 3, 10]
    assert shown("{{ customer.first_name }}{{ customer.first_name | upper }}{{ customer.first_name | int }}", context(10**5000)) == ""


def test_a_shortened_text_is_never_longer_than_asked_and_a_date_takes_no_endless_pattern() -> None:
    assert shown("{{ 'abcdef' | truncate(0, 'é') }}{{ 'abcdef' | truncate(2, '1234') }}{{ 'abc' | truncate(-1) }}") == "12"
    assert shown("{{ customer.birthday | date('" + "d" * 65 + "') }}", context(birthday=date(1990, 11, 21))) == "1990-11-21"


HUGE = "é" * 200_000
LOOPS = "{% for a in customer.tags %}{% for b in customer.tags %}{}{% endfor %}{% endfor %}"
GREEDY = {
    "join": "{{ [" + "1," * 99 + "1] | join('" + "A" * 400_000 + "') }}",
    "join within the limit": "{{ [" + "1," * 99 + "1] | join('" + "A" * 90_000 + "') }}",
    "urlencode": "{{ customer.first_name" + " | urlencode" * 8 + " }}",
    "urlencode of a constant": "{{ '" + "é" * 30_000 + "'" + " | urlencode" * 8 + " }}",
    "truncate": "{{ customer.first_name | truncate(90000, '" + "é" * 80_000 + "')" + " | urlencode" * 7 + " }}",
    "replace": "{{ customer.fields.plan" + " | replace('a', 'aaaaaaaa')" * 8 + " }}",
    "lists": "{{ [" + "customer.first_name," * 100 + "] }}",
    "lists in a filter": "{{ [" + "customer.first_name," * 100 + "] | length }}",
    "lists of lists": "{{ [" + ("[" + "customer.tags," * 100 + "],") * 5 + "] | first | length }}",
    "a list compared": "{% if [" + "customer.first_name," * 100 + "] in 'x' %}{% endif %}",
    "many comparisons": LOOPS.replace("{}", "{% if customer.first_name in 'x' %}{% endif %}" * 40),
    "filters in loops": LOOPS.replace("{}", ("{% if customer.fields.plan" + " | title | urlencode" * 4 + " %}{% endif %}") * 9),
    "values": "{{ customer.first_name }}" * 20,
    "values in addresses": '<a href="https://x.example/?a={{ customer.first_name }}">x</a>' * 9,
    "a loop in an address": '<a href="{{ customer.fields.site }}' + LOOPS.replace("{}", "x" * 100_000) + '">x</a>',
    "values in a loop in an address": '<a href="{{ customer.fields.site }}' + LOOPS.replace("{}", "{{ customer.first_name }}") + '">x</a>',
    "an address in a block": "{% if 1 %}<a href='{{ customer.fields.site }}" + LOOPS.replace("{}", "x" * 100_000) + "'>x</a>{% endif %}",
    "values in a block's address": "{% if 1 %}<a href='{{ b }}'>x</a>{% endif %}".replace(
        "{{ b }}", "{{ customer.fields.site }}" + LOOPS.replace("{}", "{{ customer.first_name }}")
    ),
}  # fmt: skip


@pytest.mark.parametrize("body", GREEDY.values(), ids=GREEDY)
def test_nothing_takes_long_or_grows_large_neither_when_saved_nor_for_a_person(body: str) -> None:
    about = context(HUGE, tags=["t"] * 100, fields={"plan": "a b" * 60, "site": "https://x.example/"})
    start = process_time()
    made = compiled(body)
    saved = process_time()
    with pytest.raises(Invalid, match=r"too l(arge|ong)"):
        made.render(about, address)
    assert (saved - start < 1, process_time() - saved < 0.6) == (True, True)
