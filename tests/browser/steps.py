"""What the browser tests do again and again: a furnished workspace, a page that is ready, a rule of a segment."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from app.core.db import session
from tests.browser.conftest import Site
from tests.factories.auth import signed_in


@dataclass(frozen=True)
class Place:
    """A workspace, and the cookies of its owner."""

    cookies: list[dict[str, str]]
    workspace_id: int


@contextlib.contextmanager
def furnished(site: Site, furnish: Callable[[int], object]) -> Iterator[Place]:
    """Make a workspace that `furnish` fills."""
    client = site.app.test_client()
    with site.app.app_context():
        workspace_id = signed_in(client).workspace_id
        furnish(workspace_id)
        session().commit()
        yield Place([{"name": one.key, "value": one.value, "url": site.url} for one in client._cookies.values()], workspace_id)


def ready(page: Page, path: str = "") -> Page:
    """Open a page, where one is named, and wait until its scripts listen."""
    if path:
        page.goto(path)
    # A function: an expression would be evaluated anew each time, which the CSP forbids after the first.
    page.wait_for_function("() => document.documentElement.dataset.ready === ''")
    return page


def add(page: Page, words: str, *, kind: str = "Rule", nth: int = 0) -> None:
    """Choose what a new rule is about, by keyboard."""
    page.get_by_role("button", name=kind, exact=True).nth(nth).click()
    page.keyboard.type(words)
    page.keyboard.press("Enter")


def rule(page: Page, name: str) -> Locator:
    """Return the rule about this."""
    return page.locator(".fl-rule", has=page.get_by_text(name, exact=True))
