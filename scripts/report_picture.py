"""Make the README's picture: run the example lot and photograph its report in the system's Chromium."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "report.png"
WIDTH = 1280
# What a first look should see: everything above the first section, then these.
SECTIONS = ("trend", "maps", "profiles")
COLOURS = 192  # enough for the colour scales, and a third of the bytes


def shots(report: Path) -> list[Image.Image]:
    """Return pictures of the report's head and of the chosen sections, one below the other."""
    browser_path = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900}, color_scheme="light")
        page.goto(report.as_uri())
        first = page.locator("section").first.bounding_box()
        assert first is not None
        head = page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": first["y"]}, full_page=True)
        rest: list[bytes] = []
        for section in SECTIONS:
            box = page.locator(f"#{section}").bounding_box()
            assert box is not None, section
            clip = {"x": 0.0, "y": box["y"] - 10, "width": float(WIDTH), "height": box["height"] + 20}
            rest.append(page.screenshot(clip=clip, full_page=True))  # pyright: ignore[reportArgumentType]
        browser.close()
    return [Image.open(io.BytesIO(picture)).convert("RGB") for picture in (head, *rest)]


def main() -> int:
    """Run, photograph, write."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        planaris = Path(sys.executable).with_name("planaris")
        lot = ROOT / "examples" / "oxide_ild" / "lot.toml"
        command = [str(planaris), "run", str(lot), "--out", str(out), "--home", str(Path(folder) / "home")]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        parts = shots(out / "report.html")
    picture = Image.new("RGB", (WIDTH, sum(part.height for part in parts)))
    top = 0
    for part in parts:
        picture.paste(part, (0, top))
        top += part.height
    PICTURE.parent.mkdir(exist_ok=True)
    picture.quantize(COLOURS).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {picture.width} x {picture.height}, {PICTURE.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
