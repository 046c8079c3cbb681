"""The check of every page finds what it is there for, also where it shows in one theme or at one width only."""

from playwright.sync_api import Page

from tests.browser.conftest import faults

PLANT = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
        [data-bs-theme=dark] #faint { color: #555; background: #444 }
        .small { all: unset; display: inline-block; width: 60px; height: 40px }
        @media (max-width: 600px) { .small { width: 12px; height: 12px } }
        @media (min-width: 600px) { #wide { width: 2000px } }`);
    document.adoptedStyleSheets.push(sheet);
    document.querySelector("main").insertAdjacentHTML("beforeend", `
        <p id="faint">Hard to read in the dark</p>
        <div><button class="small" aria-label="One"></button><button class="small" aria-label="Two"></button></div>
        <input id="unnamed" type="text">
        <iframe id="untitled"></iframe>
        <div id="wide">Wide</div>`);
}"""


def test_what_is_planted_is_found(page: Page) -> None:
    page.goto("/auth/login")
    page.evaluate(PLANT)
    assert [fault.partition(" (")[0] for fault in sorted(faults(page, "planted"))] == [
        "planted dark 1440: color-contrast",
        "planted dark 1440: scrolls sideways",
        "planted dark 390: color-contrast",
        "planted light 1440: frame-title",
        "planted light 1440: label",
        "planted light 1440: scrolls sideways",
        "planted light 390: frame-title",
        "planted light 390: label",
        "planted light 390: target-size",
    ]
