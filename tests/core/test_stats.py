"""Intervals of rates."""

from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.stats import Z95, Rate, wilson


def root(inside: float, outside: float, part: int, whole: int) -> float:
    """Return by bisection where the score test turns from accepting to refusing, between a proportion inside and one outside."""
    share = part / whole
    for _ in range(200):
        middle = (inside + outside) / 2
        accepted = abs(share - middle) <= Z95 * sqrt(middle * (1 - middle) / whole)
        inside, outside = (middle, outside) if accepted else (inside, middle)
    return inside


COUNTS = st.integers(1, 2_000_000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@given(COUNTS)
def test_the_interval_is_where_the_score_test_accepts(counts: tuple[int, int]) -> None:
    part, whole = counts
    low, high = wilson(part, whole)
    share = part / whole
    assert isclose(low, root(share, 0.0, part, whole) if part else 0.0, rel_tol=1e-6, abs_tol=1e-12)
    assert isclose(1 - high, 1 - root(share, 1.0, part, whole) if part < whole else 0.0, rel_tol=1e-6, abs_tol=1e-9)


@given(COUNTS)
def test_it_holds_the_estimate_is_symmetric_and_shrinks(counts: tuple[int, int]) -> None:
    part, whole = counts
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    turned = wilson(whole - part, whole)
    assert (turned[0], turned[1]) == pytest.approx((1 - high, 1 - low), abs=1e-12)
    more = wilson(part * 4, whole * 4)
    assert more[1] - more[0] < high - low


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_published_values(part: int, whole: int, low: float, high: float) -> None:
    """81 of 263: R. G. Newcombe, Statistics in Medicine 17 (1998), 857–872, table I, method 3."""
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


def test_a_rate_of_nothing_has_no_value_and_none_passes_one() -> None:
    nothing, over = Rate(0, 0), Rate(12, 10)
    assert (nothing.value, nothing.low, nothing.high) == (None, None, None)
    assert (over.value, over.high) == (1.0, 1.0)
    assert wilson(0, 0) == (0.0, 1.0)
