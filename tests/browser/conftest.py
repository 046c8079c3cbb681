"""A running product (web, worker, clock, as the Procfile starts them) and a Chromium that watches itself."""

import contextlib
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from app import create_app
from app.core.db import db
from app.core.services.process import free_port
from config import Config
from tests.conftest import Places, drop_database, fresh_database

_BESIDE = 8
"""The number of a worker's site is its own and so many: `make test` starts at most four workers."""
ROOT = Path(__file__).resolve().parents[2]
_SHELL = Path("/usr/bin/chromium-headless-shell")
CHROMIUM = _SHELL if _SHELL.exists() else Path("/usr/bin/chromium")
"""The shell draws the same pages without what belongs to a window: all of it together takes a fifth less work."""
SIZES = {"390": (390, 844), "1440": (1440, 1000)}  # the last is the one that tests go on with
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
_QUIET += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
_QUIET += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # links that are followed lead out of the house
_QUIET += ["--js-flags=--no-opt --no-maglev"]  # no page lives long enough to earn back what optimizing its scripts costs
_PROCESSES = {
    "web": ["-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
    "worker": ["-m", "flask", "--app", "wsgi", "worker"],
    "clock": ["-m", "flask", "--app", "wsgi", "clock"],
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all that is here, and leave it out where there is no Chromium."""
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        if not CHROMIUM.exists():
            item.add_marker(pytest.mark.skip(reason="Chromium is not installed (Debian package chromium-headless-shell or chromium)."))


class Site:
    """The product on a port of its own, with a database and a Valkey number of its own; one for each worker of the tests."""

    def __init__(self, url: str, app: Flask, processes: dict[str, subprocess.Popen[bytes]]) -> None:
        self.url, self.app, self.processes = url, app, processes


@pytest.fixture(scope="session")
def site(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    settings = places.settings(f"gw{int(worker.removeprefix('gw')) + _BESIDE}") | {
        "PUBLIC_URL": url,
        "PORT": str(port),
        "WEB_WORKERS": "1",
        "EMBEDDED": "1",
    }
    settings.pop("TESTING")
    logs = tmp_path_factory.mktemp("site")
    fresh_database(places.template, settings["DATABASE_URL"])
    app = create_app(Config.from_env(settings | {"TESTING": "1"}))
    with contextlib.ExitStack() as stack:
        processes = {name: stack.enter_context(_running(name, argv, settings, logs)) for name, argv in _PROCESSES.items()}
        _wait(url, logs)
        yield Site(url, app, processes)
    with app.app_context():
        db.engine.dispose()
    drop_database(places.template, settings["DATABASE_URL"])


@contextlib.contextmanager
def _running(name: str, argv: list[str], settings: dict[str, str], logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONUNBUFFERED": "1"} | settings
    with (logs / name).open("wb") as log:
        process = subprocess.Popen([sys.executable, *argv], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(12)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(url: str, logs: Path) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):  # nobody listens yet, or the first answer takes long
            urllib.request.urlopen(url + "/health/live", timeout=2).close()  # noqa: S310 (our own server)
            return
        time.sleep(0.1)
    pytest.fail("The site did not come up:\n" + "\n".join((logs / name).read_text()[-3000:] for name in _PROCESSES))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=_QUIET)
        yield browser
        browser.close()


@contextlib.contextmanager
def watched(chromium: Browser, site: Site, agent: str | None = None) -> Iterator[BrowserContext]:
    """Make a fresh profile. Whatever a page of it writes to the console as an error fails the test.

    But for what htmx says of a request that the browser itself ended, because its page was left meanwhile.
    """
    size: ViewportSize = {"width": 1440, "height": 1000}
    made = chromium.new_context(base_url=site.url, viewport=size, reduced_motion="reduce", user_agent=agent)
    made.set_default_timeout(10_000)
    complaints: list[str] = []
    left: list[str] = []
    made.on("requestfailed", lambda request: left.append(request.url) if request.failure == "net::ERR_ABORTED" else None)
    made.on("console", lambda message: complaints.append(f"{message.text} ({message.location})") if message.type == "error" else None)
    made.on("weberror", lambda error: complaints.append(str(error.error)))
    yield made
    made.close()
    for word in ("htmx:afterRequest", "htmx:send"):
        for said in [said for said in complaints if said.startswith(word)][: len(left)]:
            complaints.remove(said)
    assert complaints == []


@pytest.fixture
def context(chromium: Browser, site: Site) -> Iterator[BrowserContext]:
    """A fresh profile, watched."""
    with watched(chromium, site) as made:
        yield made


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


Look = Callable[[Page, str], None]
_WEAR = """async theme => {
    const page = document.documentElement;
    page.dataset.bsTheme = theme;
    for (let frame = 0; frame < 2; frame++) await new Promise((drawn) => requestAnimationFrame(drawn));
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    return page.scrollWidth > page.clientWidth;
}"""
"""Put on a theme, wait until it is drawn and nothing moves any more, and say whether the page sticks out sideways."""


@pytest.fixture
def look() -> Look:
    """Check a page at both widths in both themes: nothing sticks out sideways, axe finds nothing."""

    def check(page: Page, name: str) -> None:
        assert faults(page, name) == []

    return check


def faults(page: Page, name: str) -> list[str]:
    """Return what is wrong with a page, each with theme and width. PICTURES=folder keeps screenshots."""
    folder = os.environ.get("PICTURES")
    page.wait_for_load_state("load")
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(Axe().axe_script)
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            spills = page.evaluate(_WEAR, theme)
            if folder:
                page.wait_for_timeout(300)  # layers are painted later than they are laid out
                page.screenshot(path=f"{folder}/{name}-{theme}-{size}.png", full_page=True)
            problems = _axe(page, whole=theme == "light") + ["scrolls sideways"] * spills
            found += [f"{name} {theme} {size}: {problem}" for problem in problems]
    page.evaluate(_WEAR, "light")
    return found


def _axe(page: Page, *, whole: bool) -> list[str]:
    """Return what axe finds; not `whole`, only what colours can do: nothing else differs between the themes."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    rules: dict[str, object] = {"runOnly": tags} if whole else {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
    problems = """options => axe.run(options).then(({violations}) => violations.map(
        ({id, help, nodes}) => `${id} (${help}): ${JSON.stringify(nodes.slice(0, 3).map(({target}) => target))}`))"""
    # axe stands in the page only, in none of its frames: it would ask each and wait half a second for the answer.
    found: list[str] = page.evaluate(problems, rules | {"resultTypes": ["violations"], "preload": False, "iframes": False})
    return found
