from decimal import Decimal

import pytest

from app.core.web import numbers

N = numbers.NARROW


@pytest.mark.parametrize(("value", "text"), [(48210, "48,210"), (0, "0"), (-22, "−22"), (1_234_567, "1,234,567"), (None, "–")])
def test_count_is_exact(value: int | None, text: str) -> None:
    assert numbers.count(value) == text


def test_count_follows_the_locale() -> None:
    assert numbers.count(1_234_567, "de_DE") == "1.234.567"
    assert numbers.count(1_234_567, "en-IN") == "12,34,567"
    assert numbers.count(48210, "no such locale") == "48,210"


@pytest.mark.parametrize(
    ("value", "text"),
    [(999_999, "999,999"), (1_200_000, f"1.2{N}M"), (-1_200_000, f"−1.2{N}M"), (3_400_000_000, f"3.4{N}G"), (None, "–")],
)
def test_short_is_exact_below_a_million(value: int | None, text: str) -> None:
    assert numbers.short(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (3894, 21307, f"18.3{N}%"),
        (946, 157_654, f"0.60{N}%"),
        (1626, 159_280, f"1.02{N}%"),
        (1999, 100_000, f"2.0{N}%"),  # rounds to 2.00, and two needs one decimal
        (1994, 100_000, f"1.99{N}%"),
        (541, 100, f"541{N}%"),
        (1004, 1000, f"100{N}%"),
        (0, 5, f"0{N}%"),
        (5, 5, f"100{N}%"),
        (None, 5, "–"),
        (5, None, "–"),
        (0, 0, "–"),
    ],
)
def test_percent(part: int | None, whole: int | None, text: str) -> None:
    assert numbers.percent(part, whole) == text


def test_what_is_not_nothing_is_never_0_percent_and_what_is_not_all_never_100() -> None:
    assert numbers.percent(1, 48_900) == f"<{N}0.01{N}%"
    assert numbers.percent(1, 20_000) == f"<{N}0.01{N}%"
    assert numbers.percent(6, 100_000) == f"0.01{N}%"
    assert numbers.percent(48_899, 48_900) == f">{N}99.9{N}%"
    assert numbers.percent(9994, 10_000) == f"99.9{N}%"


def test_percent_follows_the_locale() -> None:
    assert numbers.percent(3894, 21307, "de") == f"18,3{N}%"
    assert numbers.percent(1, 48_900, "fr") == f"<{N}0,01{N}%"


def test_rate_share_and_intervals() -> None:
    assert numbers.rate(0.183) == f"18.3{N}%"
    assert numbers.rate(None) == "–"
    assert numbers.share(3894, 21307) == "3,894 of 21,307"
    assert numbers.interval(0.3, 1.24) == "0.30 to 1.24"
    assert numbers.interval(-0.17, 0.86) == "−0.17 to 0.86"
    assert numbers.interval(None, 0.86) == "–"
    assert numbers.rate_interval(0.378, 0.386) == f"37.8{N}% – 38.6{N}%"
    assert numbers.rate_interval(0.0019, 0.0028) == f"0.19{N}% – 0.28{N}%"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.03, "0.030"),
        (0.0011, "0.0011"),
        (0.9, "0.90"),
        (0.5, "0.50"),
        (1.0, "1.00"),
        (0.0001, "0.0001"),
        (0.00001, f"<{N}0.0001"),
        (0.0, f"<{N}0.0001"),
        (None, "–"),
    ],
)
def test_p_value_has_two_significant_digits(value: float | None, text: str) -> None:
    assert numbers.p_value(value) == text


@pytest.mark.parametrize(
    ("now", "was", "text"),
    [
        (74_523, 64_180, f"↑ 16.1{N}%"),
        (5, 10, f"↓ 50.0{N}%"),
        (10, 10, "no change"),
        (10, 0, "↑ from 0"),
        (0, 10, f"↓ 100{N}%"),
        (30, 10, f"↑ 200{N}%"),
        (-5, -10, f"↑ 50.0{N}%"),
        (None, 10, ""),
        (10, None, ""),
    ],
)
def test_change_of_an_amount(now: int | None, was: int | None, text: str) -> None:
    assert numbers.change(now, was) == text


def test_points_have_the_decimals_of_the_rate() -> None:
    assert numbers.points(0.331, 0.323) == "↑ 0.8"
    assert numbers.points(0.0019, 0.0023) == "↓ 0.04"
    assert numbers.points(5.41, 5.03, word=True) == "↑ 38 points"
    assert numbers.points(0.331, 0.331) == "no change"
    assert numbers.points(0.33101, 0.331) == "no change"
    assert numbers.points(None, 0.3) == ""


def test_good_follows_the_metric() -> None:
    assert numbers.tone(2, 1) == "good"
    assert numbers.tone(1, 2) == "bad"
    assert numbers.tone(2, 1, "down") == "bad"
    assert numbers.tone(1, 2, "down") == "good"
    assert numbers.tone(1, 1) == ""
    assert numbers.tone(None, 1) == ""


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (481_240, "USD", "en", "$4,812.40"),
        (-17, "USD", "en", "−$0.17"),
        (4812, "JPY", "en", "¥4,812"),
        (4_812_400, "KWD", "en", "KWD\xa04,812.400"),
        (123_456, "EUR", "de_DE", "1.234,56\xa0€"),
        (None, "USD", "en", "–"),
    ],
)
def test_money_knows_the_minor_units_of_its_currency(minor: int | None, currency: str, locale: str, text: str) -> None:
    assert numbers.money(minor, currency, locale) == text


def test_money_of_sums_has_no_cents_and_is_never_0_for_something() -> None:
    assert numbers.money_sum(3_952_500, "USD") == "$39,525"
    assert numbers.money_sum(0, "USD") == "$0"
    assert numbers.money_sum(40, "USD") == f"<{N}$1"
    assert numbers.money_sum(-40, "USD") == f">{N}−$1"
    assert numbers.money_sum(None, "USD") == "–"


def test_money_of_means_is_one_decimal_finer() -> None:
    assert numbers.money_mean(3_031_200, 21_307, "USD") == "$1.423"
    assert numbers.money_mean(3_031_200, 0, "USD") == "–"
    assert numbers.money_mean(None, 10, "USD") == "–"


@pytest.mark.parametrize(
    ("minor", "text"),
    [(0, "$0"), (50_000, "$500"), (500_000, "$5k"), (2_000_000, "$20k"), (150_000_000, "$1.5M"), (-2_000_000, "−$20k"), (None, "–")],
)
def test_money_on_axes(minor: int | None, text: str) -> None:
    assert numbers.money_short(minor, "USD") == text


def test_money_on_axes_where_the_sign_stands_behind() -> None:
    assert numbers.money_short(2_000_000, "EUR", "de") == "20k\xa0€"


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (820, "820 B"),
        (38_000, "38 KB"),
        (4_600_000, "4.6 MB"),
        (1_200_000_000, "1.2 GB"),
        (5_000_000_000_000, "5,000.0 GB"),
        (None, "–"),
    ],
)
def test_size(octets: int | None, text: str) -> None:
    assert numbers.size(octets) == text


def test_decimal_takes_exact_decimals() -> None:
    assert numbers.decimal(Decimal("1204.5"), 2) == "1,204.50"
    assert numbers.decimal(None, 2) == "–"
