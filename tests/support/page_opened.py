"""The operator's page in a real Chromium: signed in, with what it said on the console, and steps that people take."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from page_served import PASSWORD  # pyright: ignore[reportMissingImports]
from playwright.sync_api import Browser, Locator, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
# A loaded machine is no failure; nothing here waits for long where all is well.
PATIENCE_MS = 60_000
# A browser tells each answer above 399 that the page asked for, as 401 where nobody is signed in yet.
_NO_FAULT = re.compile(r"status of 40[13]|WebSocket connection to .* failed|net::ERR_|Password forms should have")


@contextmanager
def chromium() -> Generator[Browser]:
    """Have the system's Chromium, headless; its absence is a failure, never a skip."""
    if not CHROMIUM.is_file():
        pytest.fail(f"{CHROMIUM} is missing: install it (Debian: apt-get install chromium)", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"], timeout=PATIENCE_MS)
        try:
            yield browser
        finally:
            browser.close()


class Opened:
    """A page that somebody opened; ``said`` are errors that it told."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        language: str = "en-GB",
        theme: str = "light",
        size: tuple[int, int] = (1280, 800),
    ) -> None:
        self.url, self.said = url, list[str]()
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            color_scheme="dark" if theme == "dark" else "light",
        )
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on(
            "console",
            lambda m: self.said.append(m.text) if m.type == "error" and not _NO_FAULT.search(m.text) else None,
        )

    def close(self) -> None:
        """Close it."""
        self._context.close()

    def sign_in(self, user: str, password: str = PASSWORD) -> None:
        """Sign in; the page is live after it."""
        page = self.page
        if not page.url.startswith(self.url):
            page.goto(self.url)
        page.locator("#in-user").fill(user)
        page.locator("#in-password").fill(password)
        page.locator("form button[type=submit]").click()
        self.wait_live()

    def sign_out(self) -> None:
        """Sign out."""
        self.page.locator("[data-is=person]").click()
        self.page.locator("[data-is=sign-out]").click()
        self.page.locator("#in-user").wait_for()

    def wait_live(self) -> None:
        """Wait until values are live."""
        self.page.locator(":root[data-link=live][data-pages=loaded] .screen .nav a").first.wait_for()

    def go(self, name: str) -> None:
        """Go to a page by the navigation."""
        self.page.locator(f'.nav a[href="#/{name}"]').click()
        self.page.locator(f'.nav a[href="#/{name}"][aria-current=page]').wait_for()
        self.page.locator("#info h1").first.wait_for()

    def give(self, verb: str, reason: str = "", **choices: str) -> None:
        """Give a command by its button, fill its dialog, and wait until it is done."""
        done = self.page.locator(".toast.good").count()
        self.page.locator(f'.command [data-verb="{verb}"]').first.click()
        self.answer(reason, **choices)
        self.page.wait_for_function("n => document.querySelectorAll('.toast.good').length > n", arg=min(done, 3))

    def answer(self, reason: str = "", **choices: str) -> None:
        """Fill the dialog that is open, if one is, and agree."""
        dialog = self.page.locator("dialog[open]")
        if not (choices or reason):
            return
        dialog.wait_for()
        for name, value in choices.items():
            field = dialog.locator(f"#p-{name}")
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        if reason:
            dialog.locator("#p-reason").fill(reason)
        dialog.locator("[data-yes]").click()

    def shown(self, selector: str) -> Locator:
        """Return what is there once it is visible."""
        found = self.page.locator(selector).first
        found.wait_for()
        return found


@contextmanager
def opened(browser: Browser, url: str, **look: object) -> Generator[Opened]:
    """Have a page; it must not have told an error when it is closed."""
    one = Opened(browser, url, **look)  # pyright: ignore[reportArgumentType]
    try:
        yield one
        assert one.said == []
    finally:
        one.close()
