"""Which pages the built book has, and a browser tab that is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitransformer.book import build as book

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

HTML = book.ROOT / "_build" / "html"
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if not {"_static", "_downloads"} & set(path.relative_to(HTML).parts)
)


class Watched:
    """A tab that writes down what it should not do: outside requests and errors."""

    def __init__(self, context: BrowserContext) -> None:
        self.outside: list[str] = []
        self.errors: list[str] = []
        context.route("**/*", self._judge)
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)

    def _judge(self, route: Route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:", "http://localhost:")):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def open(self, url: str) -> Page:
        self.page.goto(url, wait_until="load")
        self.page.wait_for_load_state("networkidle")
        return self.page
