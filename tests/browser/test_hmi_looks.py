"""Every page in both languages, themes and sizes: nothing cut, nothing on another, readable, touchable, light."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path += [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parents[2] / "scripts")]
from hmi_geometry import cut, overlapping, small_targets, weak  # pyright: ignore[reportMissingImports]
from page_opened import Opened, chromium, opened  # pyright: ignore[reportMissingImports]
from page_served import EXAMPLE, serving_page  # pyright: ignore[reportMissingImports]

_WORK = ("overview", "jobs", "process", "whatif", "wafers", "control", "recipes")
PAGES = (*_WORK, "alarms", "consumables", "maintenance", "factory", "training", "audit")
LOOKS = (
    ("en-GB", "light", (1280, 800)),
    ("zh-CN", "dark", (1280, 800)),
    ("zh-CN", "light", (1920, 1080)),
    ("en-GB", "dark", (1920, 1080)),
)
# What a browser loads for all pages together, packed (issue: page weight).
WEIGHT_BYTES = 300_000


@pytest.mark.timeout(600)
def test_every_page_looks_right(tmp_path: Path) -> None:
    with serving_page(tmp_path / "home", "--hsms", "127.0.0.1:0") as served, chromium() as browser:
        for number, (language, theme, size) in enumerate(LOOKS):
            with opened(browser, served.url, language=language, theme=theme, size=size) as at:
                at.page.goto(served.url)
                faults = [*cut(at.page), *overlapping(at.page), *weak(at.page), *small_targets(at.page)]
                assert faults == [], ("sign-in", language, theme)
                at.sign_in("ada")
                if number == 0:
                    _fill(at)
                    _weigh(at)
                for name in PAGES:
                    at.go(name)
                    at.page.wait_for_timeout(400)
                    faults = [*cut(at.page), *overlapping(at.page), *weak(at.page), *small_targets(at.page)]
                    assert faults == [], (name, language, theme, size)
                    heading = at.page.locator("#info h1").first.inner_text()
                    assert any("一" <= letter <= "鿿" for letter in heading) == (language == "zh-CN"), heading
                    assert at.page.locator(".banner strong").inner_text() == "TWIN"


@pytest.mark.timeout(600)
def test_a_tool_of_two_units_looks_right(tmp_path: Path) -> None:
    """Two units of two tables, robots of two arms: what is written below a place is neither cut nor covered."""
    with serving_page(tmp_path / "home", "--tool", "tool_b") as served, chromium() as browser:
        with served.sign_in("olga").channel() as channel:
            given: dict[str, Any] = {"lot_id": "ILD001", "load_port": 1, "recipe": "oxide_ild"}
            assert channel.give("job.create", **given)["status"] == "done"
            assert channel.give("job.start", lot_id="ILD001")["status"] == "done"
            channel.until(lambda c: {"head1", "head2"} <= c.state.get("material", {}).keys(), 240.0)
        for language, theme, size in LOOKS:
            with opened(browser, served.url, language=language, theme=theme, size=size) as at:
                at.sign_in("ada")
                for name in ("overview", "process", "maintenance"):
                    at.go(name)
                    at.page.wait_for_timeout(400)
                    faults = [*cut(at.page), *overlapping(at.page), *weak(at.page), *small_targets(at.page)]
                    assert faults == [], (name, language, theme, size)
                at.go("overview")
                at.shown(".mimic text.mid")
                assert at.page.locator(".mimic circle.platen").count() == 4
                assert _covered(at) == [], (language, size)


def _covered(at: Opened) -> list[str]:
    """Return what is written below places of the picture and does not lie on top."""
    return at.page.evaluate(
        """() => [...document.querySelectorAll('.mimic text.mid')].filter(e => e.textContent).filter(e => {
                   const box = e.getBoundingClientRect();
                   return [0.15, 0.5, 0.85].some(part => {
                     const top = document.elementFromPoint(box.left + box.width * part, box.top + box.height / 2);
                     return top !== e && ['circle', 'rect'].includes(top?.tagName) && !top.classList.contains('room');
                   });
                 }).map(e => e.textContent)"""
    )


def _fill(at: Opened) -> None:
    """Have something on the pages: a job at work, a recipe, an alarm."""
    at.go("jobs")
    at.page.locator('[data-verb="job.create"]').click()
    at.answer(lot_id="ILD001")
    at.shown("dialog[open] #p-recipe")
    at.answer(recipe="oxide_ild")
    at.shown('tr:has-text("ILD001"):has-text("queued")')
    at.give("job.start")
    at.go("recipes")
    at.page.locator("[data-is=file]").set_input_files(EXAMPLE / "recipe.toml")
    at.answer("something to look at")
    at.shown("tr[data-state=draft]")
    at.go("training")
    at.page.locator('[data-exercise="leak.trip"]').click()
    at.shown(".remedy")


def _weigh(at: Opened) -> None:
    bytes_count = at.page.evaluate(
        """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
                   .filter(e => !e.name.includes('/api/')).reduce((sum, e) => sum + e.encodedBodySize, 0)"""
    )
    assert 50_000 < bytes_count <= WEIGHT_BYTES, bytes_count


def test_it_works_by_keys(tmp_path: Path) -> None:
    """Sign in, go to a page, open a dialog, leave it, and read the focus: no mouse."""
    with serving_page(tmp_path / "home") as served, chromium() as browser, opened(browser, served.url) as at:
        page = at.page
        page.goto(served.url)
        page.locator("#in-user").wait_for()
        assert page.evaluate("document.activeElement.id") == "in-user"
        page.keyboard.type("olga")
        page.keyboard.press("Tab")
        page.keyboard.type("polish-the-wafer")
        page.keyboard.press("Enter")
        at.wait_live()
        page.keyboard.press("Alt+2")
        page.locator('.nav a[href="#/jobs"][aria-current=page]').wait_for()
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.dataset.verb") == "job.create":
                break
        assert page.evaluate("document.activeElement.dataset.verb") == "job.create"
        assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 2
        page.keyboard.press("Enter")
        page.locator("dialog[open] #p-lot_id").wait_for()
        assert page.evaluate("document.activeElement.closest('dialog') !== null")
        page.keyboard.press("Escape")
        page.locator("dialog").wait_for(state="detached")
        # An operator is not offered what the role may not do.
        assert page.locator('[data-verb="recipe.release"], [data-verb="module.manual_on"]').count() == 0
