"""Every part of the design, in both themes and on a phone: axe finds nothing, nothing spills, the policy refuses nothing; and the keys work."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Look, Site, watched
from tests.browser.steps import furnished, ready


@pytest.fixture(scope="module")
def opened(chromium: Browser, site: Site) -> Iterator[Page]:
    """The page of all parts, seen by the owner of an empty workspace. It is opened once: each test leaves it as it was."""
    with furnished(site, lambda _: None) as place, watched(chromium, site) as context:
        context.add_cookies(place.cookies)
        yield ready(context.new_page(), "/_components")


@pytest.fixture
def parts(opened: Page) -> Iterator[Page]:
    """The page of all parts, with its scripts running and nothing focused."""
    opened.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0) }")
    yield opened
    opened.set_viewport_size({"width": 1440, "height": 1000})


def test_every_part_is_clean_and_no_width_spills(parts: Page, look: Look) -> None:
    expect(parts.locator(".fl-chart svg")).to_have_count(3)
    look(parts, "components")
    for width in (320, 768, 1024, 1279):
        parts.set_viewport_size({"width": width, "height": 800})
        assert not parts.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), width


@pytest.mark.parametrize(("refund", "below"), [(-500, False), (-200_000, True)])
def test_an_axis_of_bars_goes_below_zero_only_for_what_is_seen(parts: Page, refund: int, below: bool) -> None:
    """A refund of $5 beside days of thousands is a bar without height; the rounded axis gave it $1,000."""
    labels = parts.evaluate(
        """async (refund) => {
          const [chart] = document.querySelectorAll('[data-chart]');
          const source = document.getElementById(chart.dataset.chart);
          const kept = source.textContent;
          const data = JSON.parse(kept);
          data.series[0].values[0] = refund;
          source.textContent = JSON.stringify(data);
          const redrawn = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
          const theme = document.documentElement.dataset.bsTheme ?? 'light';
          document.documentElement.dataset.bsTheme = 'dark';
          await redrawn();
          const labels = [...chart.querySelectorAll('svg text')].map((text) => text.textContent);
          source.textContent = kept;
          document.documentElement.dataset.bsTheme = theme;
          await redrawn();
          return labels;
        }""",
        refund,
    )
    assert "$0" in labels
    assert any(label.startswith(("−$", "-$")) for label in labels) == below, labels


def test_find_or_do_is_clean(parts: Page, look: Look) -> None:
    parts.keyboard.press("Control+k")
    parts.keyboard.type("main")
    expect(parts.get_by_role("option", name="Do the main thing")).to_be_visible()
    look(parts, "find")
    parts.keyboard.press("Escape")
    expect(parts.locator("#fl-palette")).to_be_hidden()


def test_the_question_is_clean_and_begins_with_the_way_back(parts: Page, look: Look) -> None:
    parts.get_by_role("button", name="Delete 3 customers…").click()
    expect(parts.get_by_role("button", name="Keep them")).to_be_focused()
    look(parts, "question")
    parts.keyboard.press("Escape")
    expect(parts.locator("#fl-confirm")).to_be_hidden()


def test_an_act_that_asks_happens_only_when_it_is_named(parts: Page) -> None:
    posts: list[str] = []
    parts.route("**/_components", lambda route: (posts.append(route.request.post_data or ""), route.fulfill(status=204)))
    parts.get_by_role("button", name="Send to 48,210").click()
    expect(parts.get_by_role("heading", name="Send to 48,210 people now?")).to_be_visible()
    parts.get_by_role("button", name="Not yet").click()
    assert posts == []
    parts.get_by_role("button", name="Send to 48,210").click()
    with parts.expect_request(lambda sent: sent.method == "POST"):
        parts.locator("#fl-confirm").get_by_role("button", name="Send to 48,210").click()
    assert len(posts) == 1
    assert "csrf_token=" in posts[0]
    assert "_workspace=" in posts[0]
    parts.unroute("**/_components")


def test_a_definition_opens_on_focus_and_closes_on_escape(parts: Page) -> None:
    parts.get_by_role("button", name="Bounced").focus()
    words = parts.get_by_text("Addresses that refused for good")
    expect(words).to_be_visible()
    parts.keyboard.press("Escape")
    expect(words).to_be_hidden()


def test_a_toast_is_text_and_can_be_closed(parts: Page) -> None:
    parts.evaluate("document.dispatchEvent(new CustomEvent('toast', {detail: {text: 'Tag <b>removed</b>.'}}))")
    toast = parts.locator(".fl-toast")
    expect(toast).to_have_text("Tag <b>removed</b>.")
    toast.get_by_label("Close").click()
    expect(toast).to_have_count(0)


def test_the_drawer_holds_the_focus_and_gives_it_back(parts: Page) -> None:
    parts.set_viewport_size({"width": 390, "height": 844})
    opens = parts.get_by_role("button", name="Open navigation")
    opens.click()
    expect(parts.locator(".fl-side")).to_be_visible()
    assert parts.evaluate("document.querySelector('.fl-page').inert")
    parts.keyboard.press("Escape")
    expect(parts.locator(".fl-side")).to_be_hidden()
    expect(opens).to_be_focused()


def test_the_theme_stays_chosen(parts: Page) -> None:
    parts.get_by_role("button", name="Ada Okonkwo").click()
    parts.get_by_role("button", name="Dark").click()
    expect(parts.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(ready(parts, "/_components").locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_rows_are_walked_and_ticked_by_keys(parts: Page) -> None:  # the last one: its search puts the whole page into the table
    for key in "jjx":
        parts.keyboard.press(key)
    expect(parts.get_by_role("link", name=re.compile("Camille"))).to_be_focused()
    bar = parts.locator(".fl-bulk")
    expect(bar).to_contain_text("1 selected")
    parts.get_by_label("Select Adaeze Okonkwo").click()
    parts.get_by_label("Select H02917").click(modifiers=["Shift"])
    expect(bar).to_contain_text("4 selected")
    parts.get_by_role("button", name="Take all 4,182").click()
    expect(bar).to_contain_text("All 4,182 selected")
    assert parts.locator("#bulk-people input[name=everyone]").is_enabled()
    parts.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    parts.keyboard.press("/")
    expect(parts.get_by_role("searchbox")).to_be_focused()
    parts.keyboard.type("jx?")
    expect(bar).to_be_hidden()  # letters belong to the field
    expect(parts.locator("#fl-keys")).to_be_hidden()
