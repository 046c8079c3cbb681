"""The filters: that each of them reaches templates, in the workspace's locale, zone and currency. The figures are tried beside."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, render_template_string
from markupsafe import Markup

from app.core.web import format as formats
from app.core.web.format import FILTERS, Formats
from app.core.web.principal import Principal, WorkspaceInfo, set_loader

NOW = datetime(2026, 11, 20, 16, 2, tzinfo=UTC)


def still() -> datetime:
    return NOW


@pytest.fixture
def page() -> Flask:
    made = Flask(__name__)
    formats.init_app(made)
    return made


@pytest.fixture
def write(page: Flask) -> Callable[[str], str]:
    """Render a template as somebody in a Norwegian workspace."""
    norway = WorkspaceInfo(2, "Fjord", sandbox=False, currency="NOK", zone="Europe/Oslo", locale="nb_NO")
    set_loader(page, lambda: Principal("session", "Ida", "ida@fjord.example", "owner", frozenset(), norway))

    def rendered(source: str, **values: object) -> str:
        with page.test_request_context():
            return render_template_string(source, **values)

    return rendered


def test_filters_write_as_the_workspace_does(write: Callable[..., str]) -> None:
    assert write("{{ 48210|count }}") == "48\xa0210"
    assert write("{{ 3894|percent(21307) }}") == "18,3\u202f%"
    assert write("{{ 481240|money }}") == "4\xa0812,40\xa0kr"
    assert write("{{ 481240|money('EUR') }}") == "4\xa0812,40\xa0€"


def test_filters_without_a_caller_write_english(page: Flask) -> None:
    with page.test_request_context():
        assert render_template_string("{{ 48210|count }} {{ 481240|money }}") == "48,210 $4,812.40"
    with page.app_context():
        assert render_template_string("{{ 48210|count }}") == "48,210"


def test_a_name_of_the_workspace_is_not_asked_for_twice(page: Flask) -> None:
    asked = []

    def load() -> None:
        asked.append(1)

    set_loader(page, load)
    with page.test_request_context():
        render_template_string("{{ 1|count }}{{ 2|count }}{{ 3|count }}")
    assert len(asked) == 1


def test_when_is_a_time_with_the_full_date_on_hover() -> None:
    shown = Formats(zone="America/New_York", clock=still).when(NOW - timedelta(days=6))
    assert shown == ('<time datetime="2026-11-14T16:02:00+00:00" title="Saturday, 14 November 2026, 11:02 EST">14 Nov</time>')
    assert isinstance(shown, Markup)
    assert Formats(clock=still).when(None) == "–"


def test_ago_grows_older_only_while_it_is_an_age() -> None:
    shown = Formats(clock=still)
    assert " data-ago>12 min ago</time>" in shown.ago(NOW - timedelta(minutes=12))
    assert "data-ago" not in shown.ago(NOW - timedelta(days=2))
    assert "data-ago" not in shown.ago(NOW + timedelta(minutes=5))
    assert shown.ago(None) == "–"


def test_short_keeps_the_exact_count_on_hover() -> None:
    assert Formats().short(1_234_567) == '<span title="1,234,567">1.2\u202fM</span>'
    assert Formats().short(999) == "999"


def test_heading_takes_the_day_of_the_zone() -> None:
    late = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # the evening before, in New York
    assert Formats(zone="America/New_York", clock=still).heading(late) == "Yesterday"
    assert Formats(zone="UTC", clock=still).heading(late) == "Today"
    assert Formats(clock=still).heading(late.date()) == "Today"


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"heading"}))  # a day of a timeline is never missing
def test_every_filter_takes_a_missing_value(name: str) -> None:
    more = {"percent": (None,), "share": (None,), "interval": (None,), "rate_interval": (None,), "money_mean": (None,)}
    shown = getattr(Formats(), name)(None, *more.get(name, (None,) if name in {"change", "points", "tone"} else ()))
    assert shown in {"–", "", "– of –"}
