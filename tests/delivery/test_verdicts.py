"""Verdicts on hits: a person, a machine, or nobody can say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.verdicts import Click, Verdict, Why, bursts
from app.delivery.verdicts import judge as finding
from tests.factories.tracking import BOT, CHROME

GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
OUTLOOK = "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.4266; Pro)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
PERSON, MACHINE, UNSURE = Verdict.PERSON, Verdict.MACHINE, Verdict.UNSURE


def judge(**says: Any) -> tuple[Verdict, Why]:
    found = finding(**says)
    return found.verdict, found.why


@pytest.mark.parametrize(
    ("agent", "opened", "clicked"),
    [
        (CHROME, (PERSON, Why.BROWSER), (PERSON, Why.BROWSER)),
        (OUTLOOK, (PERSON, Why.BROWSER), (PERSON, Why.BROWSER)),
        (IPHONE, (PERSON, Why.BROWSER), (PERSON, Why.BROWSER)),
        (GOOGLE, (PERSON, Why.IMAGE_PROXY), (MACHINE, Why.CRAWLER)),
        (YAHOO, (PERSON, Why.IMAGE_PROXY), (MACHINE, Why.CRAWLER)),
        ("Mozilla/5.0", (UNSURE, Why.PRIVACY_PROXY), (UNSURE, Why.PRIVACY_PROXY)),
        ("", (MACHINE, Why.NO_AGENT), (MACHINE, Why.NO_AGENT)),
        ("   ", (MACHINE, Why.NO_AGENT), (MACHINE, Why.NO_AGENT)),
        (BOT, (MACHINE, Why.CRAWLER), (MACHINE, Why.CRAWLER)),
        ("curl/8.5.0", (MACHINE, Why.CRAWLER), (MACHINE, Why.CRAWLER)),
        ("python-requests/2.32", (MACHINE, Why.CRAWLER), (MACHINE, Why.CRAWLER)),
        ("Barracuda Sentinel (EE)", (MACHINE, Why.CRAWLER), (MACHINE, Why.CRAWLER)),
        ("Java/17.0.1", (MACHINE, Why.CRAWLER), (MACHINE, Why.CRAWLER)),
    ],
)
def test_agents(agent: str, opened: tuple[Verdict, Why], clicked: tuple[Verdict, Why]) -> None:
    said = [judge(click=click, method="GET", agent=agent, seconds=3600) for click in (False, True)]
    assert said == [opened, clicked]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, Why.SOON), (-30, Why.SOON), (0, Why.SOON), (1.999, Why.SOON), (2, Why.BROWSER), (1e6, Why.BROWSER)],
)
def test_nobody_reads_before_the_mail_is_there(seconds: float | None, expected: Why) -> None:
    for click in (False, True):
        verdict, why = judge(click=click, method="GET", agent=CHROME, seconds=seconds)
        assert (verdict, why) == (MACHINE if expected is Why.SOON else PERSON, expected)


def test_a_head_is_a_machines_and_so_is_a_burst() -> None:
    assert judge(click=True, method="HEAD", agent=CHROME, seconds=60) == (MACHINE, Why.HEAD)
    assert judge(click=True, method="GET", agent=CHROME, seconds=60, burst=True) == (MACHINE, Why.BURST)
    assert judge(click=True, method="GET", agent="Mozilla/5.0", seconds=60, burst=True) == (MACHINE, Why.BURST)


@given(st.booleans(), st.sampled_from(["GET", "HEAD"]), st.text(max_size=80), st.none() | st.floats(allow_nan=False), st.booleans())
def test_a_sign_of_a_machine_never_makes_a_person_of_one(click: bool, method: str, agent: str, seconds: float | None, burst: bool) -> None:
    verdict, _ = judge(click=click, method=method, agent=agent, seconds=seconds, burst=burst)
    if method == "HEAD" or burst or seconds is None or seconds < 2:
        assert verdict is MACHINE


def clicks(*given: tuple[float, int]) -> list[Click]:
    return [Click(f"{n}", 1, "192.0.2.7", link, at) for n, (at, link) in enumerate(given)]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], ""),
        ([(0, 1)], ""),
        ([(0, 1), (1, 1), (2, 1)], ""),
        ([(0, 1), (1, 2)], "01"),
        ([(0, 1), (3, 2)], ""),
        ([(0, 1), (3, 2), (6, 3)], "012"),
        ([(0, 1), (3, 2), (10, 3)], "012"),
        ([(0, 1), (3, 2), (10.5, 3)], ""),
        ([(0, 1), (5, 2), (10.5, 3), (14, 1)], "123"),
        ([(0, 1), (3, 2), (6, 3), (60, 1)], "012"),
        ([(6, 3), (0, 1), (3, 2)], "012"),
    ],
)
def test_bursts(given: list[tuple[float, int]], found: str) -> None:
    assert bursts(clicks(*given)) == set(found)


def test_a_burst_is_of_one_message_and_one_address() -> None:
    mixed = [Click("a", 1, "192.0.2.7", 1, 0), Click("b", 2, "192.0.2.7", 2, 1), Click("c", 1, "192.0.2.8", 3, 1)]
    assert bursts(mixed) == set()


@given(st.lists(st.tuples(st.floats(0, 30, width=16), st.integers(0, 4)), max_size=12), st.randoms())
def test_bursts_are_what_looking_at_each_window_says(given: list[tuple[float, int]], shuffle: object) -> None:
    made = clicks(*given)
    expected = set()
    for seconds, links in ((2, 2), (10, 3)):
        for one in made:
            window = [other for other in made if one.at <= other.at <= one.at + seconds]
            if len({other.link for other in window}) >= links:
                expected |= {other.key for other in window}
    shuffle.shuffle(made)  # type: ignore[attr-defined]
    assert bursts(made) == expected
