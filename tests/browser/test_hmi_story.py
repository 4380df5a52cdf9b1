"""One shift at the page: a recipe is changed and released, a lot runs, an alarm comes and goes, all is in the audit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from page_opened import Opened, chromium, opened  # pyright: ignore[reportMissingImports]
from page_served import serving_page  # pyright: ignore[reportMissingImports]

EXAMPLE = Path(__file__).parents[2] / "examples" / "oxide_endpoint"


@pytest.mark.timeout(600)
def test_a_shift(tmp_path: Path) -> None:
    with (
        serving_page(tmp_path / "home", lot=EXAMPLE / "lot.toml") as served,
        chromium() as browser,
        opened(browser, served.url) as at,
    ):
        at.sign_in("paul")
        assert at.shown(".banner.twin strong").inner_text() == "TWIN"
        version = _change_a_recipe(at)
        _somebody_else(at, "petra")
        _pick_version(at, version)
        at.give("recipe.approve", reason="checked against the lot before")
        _somebody_else(at, "ada")
        _pick_version(at, version)
        at.give("recipe.release", reason="for lot ILE001")
        at.shown(f'tr[aria-selected=true][data-state=released]:has-text("{version}")')
        _start_a_lot(at)
        _see_wafers_move(at.page)
        _see_an_endpoint(at)
        _break_and_mend(at)
        at.go("jobs")
        at.give("job.stop", reason="end of the shift")
        at.shown('tr:has-text("ILE001"):has-text("stopping"), tr:has-text("ILE001"):has-text("stopped")')
        _find_it_all(at, version)
        served.end()


def _change_a_recipe(at: Opened) -> str:
    page = at.page
    at.go("recipes")
    page.locator("[data-is=file]").set_input_files(EXAMPLE / "recipe.toml")
    at.answer("first version of the library")
    at.shown('tr[data-state=draft]:has-text("oxide_endpoint")')
    first = at.shown("tr[aria-selected=true] code").inner_text()
    page.locator("[data-is=edit]").click()
    ring = page.locator('[data-path="steps[0].ring_pressure_kPa"] input')
    assert ring.input_value() == "5.2"  # as typed: psi
    ring.fill("52")
    fault = at.shown('[data-path="steps[0].ring_pressure_kPa"] .fault')
    assert "10 psi" in fault.inner_text()
    assert ring.get_attribute("aria-invalid") == "true"
    assert page.locator("text=Save as draft").is_disabled()
    ring.fill("5.4")
    at.shown("[data-is=faults]:has-text('No fault')")
    page.locator(".seg button:has-text('Difference')").click()
    row = at.shown("tr:has-text('steps[0].ring_pressure_psi')")
    assert row.locator("td").all_inner_texts()[1:] == ["5.2", "5.4"]
    page.locator("text=Save as draft").click()
    at.answer("a little more ring for the edge")
    page.wait_for_function(
        "h => !document.querySelector('tr[aria-selected=true] code')?.textContent.startsWith(h)", arg=first
    )
    return at.shown("tr[aria-selected=true] code").inner_text()


def _somebody_else(at: Opened, who: str) -> None:
    at.sign_out()
    at.sign_in(who)


def _pick_version(at: Opened, version: str) -> None:
    at.go("recipes")
    at.shown(f'tr:has(code:text-is("{version}"))').click()
    at.shown(f'tr[aria-selected=true]:has(code:text-is("{version}"))')


def _start_a_lot(at: Opened) -> None:
    at.go("jobs")
    at.give("world.place_cassette", lot_id="ILE001")
    at.page.locator('[data-verb="job.create"]').click()
    at.answer(lot_id="ILE001")
    at.shown("dialog[open] #p-recipe")
    at.answer(recipe="oxide_endpoint")
    at.shown('tr:has-text("ILE001"):has-text("queued")')
    at.give("job.start")
    at.shown('tr:has-text("ILE001"):has-text("running")')


def _see_wafers_move(page: Page) -> None:
    """The same wafer is seen in the carrier, on the dry robot or aligner, and on a head over a platen."""
    page.locator('.nav a[href="#/overview"]').click()
    wafer = '[data-wafer="ILE001-01"]'
    seen = page.evaluate(
        """async wafer => {
          const seen = new Set();
          for (const until = performance.now() + 50000; performance.now() < until;) {
            const place = document.querySelector(wafer)?.getAttribute('data-place') ?? '';
            if (place) seen.add(place.split('.')[0].replace(/\\d+$/, ''));
            if (seen.has('head')) break;
            await new Promise(r => setTimeout(r, 60));
          }
          return [...seen];
        }""",
        wafer,
    )
    assert "head" in seen, seen
    assert len(seen) >= 3, seen
    slots = page.locator(".mimic rect[data-looks=raw]").count()
    assert 15 <= slots < 25, slots


def _see_an_endpoint(at: Opened) -> None:
    at.go("process")
    at.page.locator(".seg button:has-text('Platen 3')").click()
    # Of the first wafers one is called. A starved machine may hold one: 20 times real time leave it 5 ms for a stop.
    card = at.page.locator("section.card:has(h2:text-is('Endpoint')):has(.tag:has-text('✓ called'))")
    card.wait_for(timeout=150_000)
    assert "nm" in card.inner_text()
    assert card.locator("canvas").count() == 1
    # Live traces are drawn: the pad's temperature is a number with its unit.
    assert at.shown(".legend span:has-text('Pad') b").inner_text().endswith("°C")


def _break_and_mend(at: Opened) -> None:
    """Have a leak by the training page; say the remedy, acknowledge, mend it, and see the alarm go."""
    page = at.page
    at.go("training")
    page.locator('[data-exercise="leak.trip"]').click()
    page.locator(".remedy[data-right=true]").click()
    at.go("alarms")
    at.shown('tr[data-alarm="leak"]').click()
    at.give("alarm.acknowledge")
    at.shown('tr[data-alarm="leak"]:has-text("acknowledged")')
    at.go("training")
    page.locator('[data-verb="world.clear_fault"]:has-text("Mend the fault")').click()
    at.go("alarms")
    page.wait_for_function(
        "() => !document.querySelector('.alarm-lists .card:first-child tr[data-alarm=\"leak\"]')", timeout=60_000
    )
    at.go("training")
    page.locator("text=Finish and score").click()
    score = at.shown("tr[data-score=leak]")
    assert "attempt 1" in score.inner_text()
    page.reload()  # the server keeps it
    at.wait_live()
    assert "ada" in at.shown("tr[data-score=leak]").inner_text()


def _find_it_all(at: Opened, version: str) -> None:
    at.go("audit")
    at.shown(".tag:has-text('chain intact')")
    rows = at.page.locator("tbody tr").all_inner_texts()
    for said, who in (
        ("Save recipe", "paul"),
        ("Approve", "petra"),
        ("Release", "ada"),
        ("Load a cassette", "ada"),
        ("New job", "ada"),
        ("Start job", "ada"),
        ("Put in a fault", "ada"),
        ("Acknowledge", "ada"),
        ("Stop job", "ada"),
    ):
        assert any(said in row and who in row for row in rows), (said, who, rows)
    assert any(version in row and "released" in row for row in rows), version
    assert any("end of the shift" in row for row in rows)
