"""The control page with a real lot: limits that were learned, a drift that goes beyond them, decisions and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path += [str(Path(__file__).parents[1] / "support"), str(Path(__file__).parents[2] / "scripts")]
from controlled_lot import controlled_lot  # pyright: ignore[reportMissingImports]
from hmi_geometry import cut, overlapping, small_targets, weak  # pyright: ignore[reportMissingImports]
from page_opened import chromium, opened  # pyright: ignore[reportMissingImports]
from page_served import Channel, ServedPage, serving_page  # pyright: ignore[reportMissingImports]

LOOKS = (("en-GB", "light", (1280, 800)), ("zh-CN", "dark", (1280, 800)), ("zh-CN", "light", (1920, 1080)))
WAFERS_COUNT = 14
# By then the first platens have limits; the drift comes to wafers that are polished after that.
HEALTHY_COUNT = 4


def finished(channel: Channel) -> int:
    return int(channel.state.get("throughput", {}).get("finished_count", 0))


def run_the_lot(served: ServedPage) -> None:
    """Have the lot polished, with a head that turns too slowly once limits are there."""
    with served.sign_in("ada").channel() as channel:
        given: dict[str, Any] = {"lot_id": "ILD001", "load_port": 1, "recipe": "oxide_ild_r2r"}
        assert channel.give("job.create", **given)["status"] == "done"
        assert channel.give("job.start", lot_id="ILD001")["status"] == "done"
        channel.until(lambda c: finished(c) >= HEALTHY_COUNT, 400.0)
        for head in (1, 2, 3, 4):
            drift: dict[str, Any] = {"fault": "head_speed_drift", "target": f"head{head}", "magnitude": 1.3}
            answer = channel.give("world.inject_fault", **drift)
            assert answer["status"] == "done", answer
        channel.until(lambda c: finished(c) == WAFERS_COUNT, 400.0)


@pytest.mark.timeout(900)
def test_charts_findings_and_decisions_are_shown(tmp_path: Path) -> None:
    lot = controlled_lot(tmp_path / "lot", WAFERS_COUNT)
    with serving_page(tmp_path / "home", lot=lot, speed=60.0) as served, chromium() as browser:
        run_the_lot(served)
        for language, theme, size in LOOKS:
            with opened(browser, served.url, language=language, theme=theme, size=size) as at:
                at.sign_in("paul")
                at.go("control")
                page = at.page
                step = "#control-step option:not(:first-child)"
                at.shown("#control-step")
                for number in range(page.locator(step).count()):
                    page.locator("#control-step").select_option(index=number + 1)
                    page.wait_for_timeout(500)
                    violated = page.locator("#control-feature option", has_text="▲")
                    if violated.count():
                        page.locator("#control-feature").select_option(violated.first.get_attribute("value"))
                        break
                word = at.shown("[data-is=control-word].bad").inner_text()
                assert "ILD001-" in word
                assert page.locator(".tag.bad").count() >= 1
                decisions = page.locator("table").last.locator("tbody tr")
                assert decisions.count() == WAFERS_COUNT
                assert page.locator(".tag.good").count() >= 1, "labels were there in time for the last wafers"
                assert "too few labels" in decisions.last.inner_text()
                page.wait_for_timeout(300)
                faults = [*cut(page), *overlapping(page), *weak(page), *small_targets(page)]
                assert faults == [], (language, theme, size)
                page.locator(".seg button").nth(1).click()
                page.locator('td:has-text("Shewhart"), td:has-text("休哈特图")').first.wait_for()
                assert [*cut(page), *overlapping(page), *weak(page)] == [], (language, theme, size)
                at.go("wafers")
                learned = "设备学习的控制限" if language == "zh-CN" else "limits that the tool learned"
                at.shown(f'.card:has-text("{learned}"), .card .bad:has-text("ILD001-")')
