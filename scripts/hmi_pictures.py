"""Make the pictures of the operator's page: every page of a twin with a lot at work, light and dark, in both languages.

Every page is looked at in all of these and in both sizes first: a text that is cut off or lies on another ends it.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser

sys.path += [str(Path(__file__).parents[1] / "tests" / "support"), str(Path(__file__).parent)]
from controlled_lot import controlled_lot  # pyright: ignore[reportMissingImports]
from hmi_geometry import cut, overlapping, small_targets, weak  # pyright: ignore[reportMissingImports]
from page_opened import Opened, chromium, opened  # pyright: ignore[reportMissingImports]
from page_served import ServedPage, serving_page  # pyright: ignore[reportMissingImports]

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "images" / "hmi"
EXAMPLE = ROOT / "examples" / "oxide_endpoint"
_WORK = ("overview", "jobs", "process", "whatif", "wafers", "control", "recipes")
PAGES = (*_WORK, "alarms", "consumables", "maintenance", "factory", "training", "audit")
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
SMALL, LARGE = (1280, 800), (1920, 1080)
# Which looks become files: each page in two, the two most looked at in the large size too.
KEPT = {("en", "light", SMALL), ("zh", "dark", SMALL)}
KEPT_LARGE = {("en", "dark", LARGE), ("zh", "light", LARGE)}
IN_LARGE = ("overview", "process")
# Those that become files come first, while the lot is at work.
_FIRST = (("en", "light", SMALL), ("en", "dark", LARGE), ("zh", "dark", SMALL), ("zh", "light", LARGE))
LOOKS = (
    *_FIRST,
    *(
        (code, theme, size)
        for code in LANGUAGES
        for theme in ("light", "dark")
        for size in (SMALL, LARGE)
        if (code, theme, size) not in _FIRST
    ),
)
# Wafers that must be done, so that trend and control limits are there.
CONTROLLED, CONTROLLED_COUNT, HEALTHY = "R2R001", 14, 4
FINISHED = CONTROLLED_COUNT + 6
SPEED = 10.0
COLOURS = 128


def begin(served: ServedPage) -> None:
    """Have a controlled lot polished, with a head that turns too slowly for a while: something for the charts."""
    with served.sign_in("ada").channel() as channel:

        def finished(count: int) -> None:
            channel.until(lambda c: c.state.get("throughput", {}).get("finished_count", 0) >= count, 900.0)

        def give(verb: str, **given: Any) -> None:
            answer = channel.give(verb, **given)
            if answer["status"] != "done":
                raise RuntimeError(f"{verb}: {answer['why']}")

        give("job.create", lot_id=CONTROLLED, load_port=2, recipe="oxide_ild_r2r")
        give("job.start", lot_id=CONTROLLED)
        finished(HEALTHY)
        give("world.inject_fault", fault="head_speed_drift", target="head2", magnitude=1.3)
        finished(CONTROLLED_COUNT)
        give("world.clear_fault", fault="head_speed_drift", target="head2")


def prepare(at: Opened) -> None:
    """Have a recipe in the library, a lot at work, finished wafers, an exercise with its score, and an alarm."""
    at.go("recipes")
    at.page.locator("[data-is=file]").set_input_files(EXAMPLE / "recipe.toml")
    at.answer("first version of the library")
    at.shown("tr[data-state=draft]")
    at.go("jobs")
    at.page.locator('[data-verb="job.create"]').click()
    at.answer(lot_id="ILE001")
    at.shown("dialog[open] #p-recipe")
    at.answer(recipe="oxide_endpoint")
    at.shown('tr:has-text("ILE001"):has-text("queued")').click()
    at.give("job.start")
    at.go("overview")
    at.page.wait_for_function(
        "n => Number(document.querySelectorAll('.tile b')[2]?.textContent) >= n", arg=FINISHED, timeout=900_000
    )


def look(at: Opened, name: str) -> list[str]:
    """Bring a page into view and return what is wrong with it."""
    at.go(name)
    if name == "process":
        at.page.locator(".seg button").nth(2).click()
    if name == "whatif":
        at.shown("[data-is=took]")
    if name == "control":
        violated = at.page.locator("#control-feature option", has_text="▲")
        for number in range(at.page.locator("#control-step option").count()):
            at.page.locator("#control-step").select_option(index=number)
            at.page.wait_for_timeout(300)
            if violated.count():
                at.page.locator("#control-feature").select_option(violated.first.get_attribute("value"))
                break
    at.page.wait_for_timeout(6000 if name == "process" else 1200)
    at.page.evaluate("document.querySelector('#info').scrollTop = 0")
    return [*cut(at.page), *overlapping(at.page), *weak(at.page), *small_targets(at.page)]


def photograph(browser: Browser, served: ServedPage) -> list[str]:
    """Look at every page in every look, keep pictures of some, and return what is wrong."""
    wrong: list[str] = []
    for code, theme, size in LOOKS:
        look_at = {"language": LANGUAGES[code], "theme": theme, "size": size}
        with opened(browser, served.url, **look_at) as at:
            at.sign_in("ada")
            for name in PAGES:
                wrong += [f"{name} {code} {theme} {size[0]}: {fault}" for fault in look(at, name)]
                if (code, theme, size) in KEPT or ((code, theme, size) in KEPT_LARGE and name in IN_LARGE):
                    suffix = "" if size == SMALL else f"-{size[0]}"
                    _save(at.page.screenshot(), PICTURES / f"{name}-{code}-{theme}{suffix}.png")
    return wrong


def main() -> int:
    """Run a lot, look, photograph."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        controlled = controlled_lot(Path(folder) / "lot", CONTROLLED_COUNT, CONTROLLED, load_port=2)
        options = ("--hsms", "127.0.0.1:0", "--lot", controlled)
        lot, home = EXAMPLE / "lot.toml", Path(folder) / "home"
        with serving_page(home, *options, speed=SPEED, lot=lot) as served:
            begin(served)
            with opened(browser, served.url) as at:
                at.sign_in("ada")
                prepare(at)
            wrong += photograph(browser, served)
            served.end()
    for fault in wrong:
        print(fault, file=sys.stderr)
    total_kB = sum(file.stat().st_size for file in PICTURES.glob("*.png")) / 1000
    print(f"{PICTURES}: {len(list(PICTURES.glob('*.png')))} pictures, {total_kB:.0f} kB; {len(wrong)} faults")
    return 1 if wrong else 0


def _save(picture: bytes, file: Path) -> None:
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS).save(file, optimize=True)


if __name__ == "__main__":
    raise SystemExit(main())
