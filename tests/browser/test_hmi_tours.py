"""The documentation's tours are walked as they are written: each line after `% do:` is a step of the page."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from page_opened import Opened, chromium, opened  # pyright: ignore[reportMissingImports]
from page_served import ROOT, serving_page  # pyright: ignore[reportMissingImports]
from served import COMMAND  # pyright: ignore[reportMissingImports]

TOURS = ("operator", "process-engineer", "host-engineer")
EXAMPLE = ROOT / "examples" / "oxide_endpoint"


def steps(tour: str) -> list[str]:
    """Return what a tour's page says is to be done."""
    text = (ROOT / "docs" / "tours" / f"{tour}.md").read_text(encoding="utf-8")
    return re.findall(r"^\s*% do: (.+)$", text, re.MULTILINE)


@pytest.mark.timeout(600)
def test_the_tours(tmp_path: Path) -> None:
    hsms = f"127.0.0.1:{_free_port()}"
    with (
        serving_page(tmp_path / "home", "--hsms", hsms, lot=EXAMPLE / "lot.toml") as served,
        chromium() as browser,
        opened(browser, served.url) as at,
    ):
        for tour in TOURS:
            taken = steps(tour)
            assert len(taken) > 10
            for number, step in enumerate(taken):
                try:
                    _take(at, step, hsms)
                except Exception as error:
                    raise AssertionError(f"docs/tours/{tour}.md, step {number + 1}: {step}") from error
        served.end()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _take(at: Opened, step: str, hsms: str) -> None:
    page = at.page
    word, _, rest = step.partition(" ")
    match word:
        case "sign":
            at.sign_out() if rest == "out" else at.sign_in(rest.removeprefix("in as "))
        case "page":
            at.go(rest)
        case "press":
            inside = "dialog[open] " if page.locator("dialog[open]").count() else ".screen "
            page.locator(f"{inside}:is(button, a.btn):text-is({rest})").locator("visible=true").first.click()
        case "choose":
            field, value = rest.split(" ", 1)
            page.locator(f"dialog[open] #p-{field}").select_option(value)
        case "reason":
            page.locator("dialog[open] #p-reason").fill(rest)
        case "file":
            page.locator("[data-is=file]").set_input_files(ROOT / rest)
        case "enter":
            path, value = rest.split(" ", 1)
            field = page.locator(f'[data-path="{path}"] input:enabled')
            field.fill(value)
        case "slide":
            name, value = rest.split(" ", 1)
            page.locator(f'[data-slider="{name}"]').fill(value)
        case "version":
            page.locator("tr[data-state]").nth(int(rest) - 1).click()
            page.locator(f"tr[data-state][aria-selected=true]:nth-child({rest})").wait_for()
        case "see":
            page.locator(f"body :text({rest})").locator("visible=true").first.wait_for()
        case "host":
            done = subprocess.run(
                [COMMAND, "host", hsms, *shlex.split(rest), "--limit", "60"],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        case _:
            raise AssertionError(f"{word}: no such step")
