"""The built book, as files and in Chromium with the network cut. Run `make check`, or:

python -m minitransformer book && python -m pytest -m book tests/book
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tab import HTML, PAGES, Watched

from minitransformer.book import build as book

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# As few doors to the outside as the browser can be told to have.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page_name" in metafunc.fixturenames:
        metafunc.parametrize("page_name", PAGES or ["index.html"])


@pytest.fixture(scope="session")
def html() -> Path:
    if not PAGES:
        pytest.fail(f"no book in {HTML}: build it first, python -m minitransformer book")
    return HTML


@pytest.fixture(scope="session")
def address(html: Path) -> Iterator[str]:
    """The book, served as `minitransformer book --serve` serves it."""
    with book.open_server(html, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium or Chrome if there is one, else the one Playwright can install."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Watched(context)
    context.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 375, "height": 700}, has_touch=True)
    yield Watched(context)
    context.close()


@pytest.fixture
def dark(browser: Browser) -> Iterator[Watched]:
    context = browser.new_context(color_scheme="dark")
    yield Watched(context)
    context.close()
