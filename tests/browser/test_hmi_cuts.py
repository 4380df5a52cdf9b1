"""The page while the network is silent or cut, or the server dies: nothing old looks live, nothing is done twice."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from cut_line import line_to  # pyright: ignore[reportMissingImports]
from page_opened import Opened, chromium, opened  # pyright: ignore[reportMissingImports]
from page_served import ServedPage, serving_page  # pyright: ignore[reportMissingImports]

# The page says so within this long of the last beat it can have heard.
STALE_MS = 2000
# What a page that shows live values has: each must be grey when it is not live.
LIVE_PAGES = ("overview", "jobs", "process", "alarms", "consumables", "maintenance", "factory", "training")


@pytest.mark.timeout(600)
def test_silence_cut_death_and_commands_on_the_way(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with chromium() as browser:
        with serving_page(home) as served:
            port = served.url.rpartition(":")[2]
            with line_to(served.url) as line, opened(browser, line.url) as at:
                at.sign_in("ada")
                at.page.evaluate("window.sameDocument = true")
                at.go("jobs")
                # A silent network: grey in time, and back by itself.
                took_ms = _grey_after(at.page, line.silence)
                assert took_ms <= STALE_MS, took_ms
                _all_grey(at)
                line.flow()
                _back(at)
                # A command that is on the way while the network breaks is done once.
                at.page.locator('.command [data-verb="job.create"]').click()
                at.answer(lot_id="ILD001")
                yes = at.shown("dialog[open]:has(#p-recipe) [data-yes]")
                line.silence()
                yes.click()
                at.page.locator(":root:not([data-link=live])").wait_for()
                line.cut()
                line.flow()
                line.mend()
                at.shown('tr:has-text("ILD001"):has-text("queued")')
                _back(at)
                assert _given(served, "job.create") == 1
                # One whose answer never comes ends as unknown, and is not given again by the page.
                line.silence()
                at.page.locator('.command [data-verb="job.start"]').click()
                line.cut()
                told = at.shown(".toast.warn").inner_text()
                assert "no answer" in told
                assert "Look at the tool" in told
                line.flow()
                line.mend()
                _back(at)
                at.page.wait_for_timeout(1500)
                assert _given(served, "job.start") == 0
                at.give("job.start")
                assert _given(served, "job.start") == 1
        with opened(browser, served.url) as at:
            # The server dies like a machine that lost its power, and comes back: the page goes on without a reload.
            with serving_page(home, "--resume", http=f"127.0.0.1:{port}") as served:
                at.sign_in("ada")
                at.page.evaluate("window.sameDocument = true")
                took_ms = _grey_after(at.page, served.kill)
                assert took_ms <= STALE_MS, took_ms
                _all_grey(at)
            with serving_page(home, "--resume", http=f"127.0.0.1:{port}") as served:
                _back(at)
                at.go("audit")
                at.shown(".tag:has-text('chain intact')")


def _grey_after(page: Page, what: object) -> float:
    """Do something to the line and return how long the page took to say that nothing is live."""
    page.evaluate(
        """() => { window.grey = new Promise(done => new MutationObserver(() => {
             if (document.documentElement.dataset.link !== 'live') done(Date.now()); })
             .observe(document.documentElement, {attributes: true})); }"""
    )
    begun = time.time()
    what()  # pyright: ignore[reportCallIssue]
    at_ms = page.evaluate("() => Promise.race([window.grey, new Promise(done => setTimeout(() => done(1e15), 20000))])")
    return at_ms - 1000 * begun


def _all_grey(at: Opened) -> None:
    """Nothing that may be old looks live, on any page; no command can be given; the clock shows no time."""
    page = at.page
    for name in LIVE_PAGES:
        page.locator(f'.nav a[href="#/{name}"]').click()
        page.locator(f'.nav a[href="#/{name}"][aria-current=page]').wait_for()
        page.locator("#info.live h1").wait_for()
        page.wait_for_timeout(250)
        wrong = page.evaluate(
            """() => {
              const soft = getComputedStyle(document.documentElement).getPropertyValue('--soft').trim();
              const probe = document.createElement('i'); probe.style.color = soft; document.body.append(probe);
              const grey = getComputedStyle(probe).color; probe.remove();
              const found = [];
              const info = document.querySelector('#info');
              if (getComputedStyle(info).filter !== 'grayscale(1)') found.push('colours');
              for (const e of info.querySelectorAll('b, td, dd, p')) {
                const old = /\\d/.test(e.textContent) && getComputedStyle(e).color !== grey;
                if (old) found.push(e.textContent.slice(0, 40));
              }
              for (const b of document.querySelectorAll('[data-verb]:enabled')) found.push('can ' + b.dataset.verb);
              for (const e of document.querySelectorAll('.title .fact b')) {
                if (e.id === 'clock' && e.textContent !== '–') found.push('clock ' + e.textContent);
              }
              return found;
            }"""
        )
        assert wrong == [], (name, wrong)
        assert page.locator(".offline").is_visible()
    assert "NOT LIVE" in page.locator("[data-is=link]").inner_text()


def _back(at: Opened) -> None:
    """The page is live again, and it is the same document: nothing was loaded anew."""
    at.wait_live()
    assert at.page.evaluate("window.sameDocument") is True
    at.go("jobs")
    assert not at.page.locator(".offline").is_visible()


def _given(served: ServedPage, verb: str) -> int:
    """Return how often the tool received a command, by its audit."""
    entries = served.sign_in("ada").get("/api/audit?limit=500").body["entries"]
    return sum(e["event"] == "command_received" and e["values"]["verb"] == verb for e in entries)
