"""The report in a real Chromium: offline, quiet, marked, and nothing sticks out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from planaris.report import write_report

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "report"))
from synthetic_run import RunPlan, write_run  # pyright: ignore[reportMissingImports]

CHROMIUM = Path("/usr/bin/chromium")
HEADINGS = (
    "Lot against targets",
    "Rate and WIWNU over the lot",
    "Removal maps",
    "Radial profiles",
    "Modules and throughput",
    "Traces of wafer ILD001-13",
    "Consumables",
    "Slurry and water",
    "Alarms",
    "Recipe",
    "Process package",
)
# Nothing smaller on a screen of 1280 px; charts shrink a little with their column.
LEAST_FONT_PX = 10.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless; its absence is a failure, never a skip."""
    if not CHROMIUM.is_file():
        pytest.fail(f"{CHROMIUM} is missing: install it (Debian: apt-get install chromium)", pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), headless=True, args=["--no-sandbox"], timeout=60_000
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a whole lot with one wafer out of target."""
    return write_report(write_run(tmp_path_factory.mktemp("run"), RunPlan(bad_slots=(7,))))


def _open(browser: Browser, report: Path, width_px: int, scheme: str = "light") -> tuple[Page, list[str], list[str]]:
    """Open the report offline; return the page, what it said on the console and what it asked for."""
    context = browser.new_context(
        viewport={"width": width_px, "height": 800}, color_scheme="dark" if scheme == "dark" else "light"
    )
    context.set_offline(True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri(), timeout=30_000)
    return page, said, [url for url in asked if not url.startswith("data:")]


def _overflow(page: Page) -> list[str]:
    """Return what sticks out of the page sideways without scrolling by itself."""
    return page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > width + 1 && !e.closest('.scroll'))
            .map(e => e.tagName + '.' + e.getAttribute('class'));
        }"""
    )


@pytest.mark.parametrize("width_px", [1280, 390])
def test_it_opens_offline_without_a_word_or_a_request_and_fits(browser: Browser, report: Path, width_px: int) -> None:
    page, said, asked = _open(browser, report, width_px)
    assert said == []
    assert asked == [report.as_uri()]
    assert _overflow(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    page.context.close()


def test_twin_is_seen_first_and_stays_in_sight(browser: Browser, report: Path) -> None:
    page, _, _ = _open(browser, report, 1280)
    mark = page.locator(".banner strong")
    assert mark.inner_text() == "TWIN"
    assert page.locator(".banner span").inner_text() == "rehearsal on the twin: not a certificate"
    assert mark.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 20
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    box = mark.bounding_box()
    assert box
    assert 0 <= box["y"] < 60
    page.context.close()


def test_every_section_is_there_visible_and_marked(browser: Browser, report: Path) -> None:
    page, _, _ = _open(browser, report, 1280)
    sections = page.locator("main > section")
    assert sections.count() == len(HEADINGS)
    for k, heading in enumerate(HEADINGS):
        section = sections.nth(k)
        assert section.locator("h2 > span").first.inner_text() == heading
        assert section.locator("h2 .mark").is_visible()
        assert section.locator("h2 .mark").inner_text().startswith("TWIN")
    for link in page.locator("nav a").all():
        target = (link.get_attribute("href") or "")[1:]
        assert page.locator(f"section#{target}").is_visible()
    page.context.close()


def test_every_map_is_a_picture_that_loads(browser: Browser, report: Path) -> None:
    page, _, _ = _open(browser, report, 1280)
    sizes = page.evaluate(
        """() => Promise.all([...document.querySelectorAll('.maps image')].map(e => {
             const picture = new Image();
             picture.src = e.getAttribute('href');
             return picture.decode().then(() => picture.naturalWidth);
           }))"""
    )
    assert len(sizes) == 50
    assert min(sizes) >= 100
    page.context.close()


def test_the_lot_table_fits_at_1280_and_scrolls_by_itself_at_390(browser: Browser, report: Path) -> None:
    for width_px, fits in ((1280, True), (390, False)):
        page, _, _ = _open(browser, report, width_px)
        spare = page.evaluate(
            "() => { const e = document.querySelector('#lot .scroll'); return e.scrollWidth - e.clientWidth; }"
        )
        assert (spare <= 0) == fits
        page.context.close()


def test_no_text_is_too_small_to_read_and_no_chart_label_is_cut(browser: Browser, report: Path) -> None:
    page, _, _ = _open(browser, report, 1280)
    small = page.evaluate(
        """least => [...document.querySelectorAll('svg.plot text')].filter(e => {
             const svg = e.ownerSVGElement;
             const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
             return scale * parseFloat(getComputedStyle(e).fontSize) < least;
           }).map(e => e.textContent)""",
        LEAST_FONT_PX,
    )
    assert small == []
    cut = page.evaluate(
        """() => [...document.querySelectorAll('svg.plot text')].filter(e => {
             const inner = e.getBoundingClientRect(), outer = e.ownerSVGElement.getBoundingClientRect();
             return inner.left < outer.left - 1 || inner.right > outer.right + 8 || inner.bottom > outer.bottom + 2;
           }).map(e => e.textContent)"""
    )
    assert cut == []
    page.context.close()


def test_neighbouring_tick_labels_do_not_overlap(browser: Browser, report: Path) -> None:
    page, _, _ = _open(browser, report, 1280)
    overlapping = page.evaluate(
        """() => {
          const found = [];
          for (const svg of document.querySelectorAll('svg.plot')) {
            const boxes = [...svg.querySelectorAll('text.tl')].map(e => [e.textContent, e.getBoundingClientRect()]);
            for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
              const [a, b] = [boxes[i][1], boxes[j][1]];
              const w = Math.min(a.right, b.right) - Math.max(a.left, b.left);
              const h = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
              const chart = svg.getAttribute('aria-label');
              if (w > 1 && h > 4) found.push(chart + ': ' + boxes[i][0] + ' on ' + boxes[j][0]);
            }
          }
          return found;
        }"""
    )
    assert overlapping == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, report: Path, scheme: str) -> None:
    page, _, _ = _open(browser, report, 1280, scheme)
    # WCAG 2.1, 1.4.3: 4.5 : 1 for text; against the nearest ground that is not transparent.
    weak = page.evaluate(
        """() => {
          const rgb = s => s.match(/[\\d.]+/g).map(Number);
          const light = c => c.slice(0, 3).map(v => v / 255)
            .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
          const ground = e => { for (; e; e = e.parentElement) {
            const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } };
          const found = [];
          const texts = 'p, td, th, dt, dd, h1, h2, h3, a, b, i, small, li, figcaption, .mark';
          for (const e of document.querySelectorAll(texts)) {
            if (!e.textContent.trim() || e.closest('svg') || !e.checkVisibility()) continue;
            const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) found.push(e.tagName + ' ' + e.textContent.slice(0, 30) + ' ' + ratio.toFixed(2));
          }
          return found;
        }"""
    )
    assert weak == []
    page.context.close()
