"""A real Chromium, driven by Playwright: the machine's own, found on PATH."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.missing import missing

NO_BROWSER = "NO BROWSER: the console's browser tests were not run; install Debian's package chromium"
_FLAGS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000


@contextlib.contextmanager
def running_browser() -> Iterator[Browser]:
    """One browser; its contexts share nothing."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        missing(NO_BROWSER)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        browser.close()


class Watched:
    """A context whose pages may complain of nothing: no error of a script, nothing that the policy blocks."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.complaints: list[str] = []
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", lambda message: self._heard(message.type, message.text))

    def page(self) -> Page:
        return self.context.new_page()

    def _heard(self, kind: str, text: str) -> None:
        # A refused change is answered with a status that the browser reports, too.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.complaints.append(text)


def shot(page: Page, name: str) -> None:
    """A picture of the page, where BRIDGE_SCREENSHOTS names a folder for them."""
    folder = os.environ.get("BRIDGE_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{re.sub(r'[^a-z0-9]+', '-', name)}.png", full_page=True)
