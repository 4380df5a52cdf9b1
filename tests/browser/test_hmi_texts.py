"""What the page is made of, read as files: texts in both languages, the wire's types, colours, policy, licence."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import planaris.hmi

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import hmi_types  # pyright: ignore[reportMissingImports]

from planaris.dictionary import build
from planaris.formats import load_tool

STATIC = Path(planaris.hmi.__file__).with_name("static")
MODULES = {file.relative_to(STATIC).as_posix(): file.read_text(encoding="utf-8") for file in STATIC.rglob("*.js")}
OWN = {name: text for name, text in MODULES.items() if not name.startswith(("vendor/", "i18n/"))}
CHINESE = re.compile(r"[一-鿿]")
# Texts that stand alike in both languages: a place holder alone.
NOT_TRANSLATED = {"fault.trip"}


def texts(language: str) -> dict[str, str]:
    """Return a language's texts by key."""
    both = MODULES[f"i18n/{language}.js"] + MODULES[f"i18n/{language}-fields.js"]
    found = re.findall(r'^  "([^"]+)": "((?:[^"\\]|\\.)*)",$', both, re.MULTILINE)
    assert len(found) == len(dict(found))
    return dict(found)


def holes(text: str) -> list[str]:
    """Return what is filled into a text."""
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_both_languages_are_complete() -> None:
    english, chinese = texts("en"), texts("zh")
    assert list(english) == list(chinese)
    assert not [key for key, text in english.items() if CHINESE.search(text) or not text.strip()]
    assert [key for key, text in chinese.items() if not CHINESE.search(text)] == sorted(NOT_TRANSLATED)
    assert not [key for key in english if holes(english[key]) != holes(chinese[key])]


def test_every_text_that_is_asked_for_exists_and_no_other() -> None:
    known = set(texts("en"))
    asked = {key for text in OWN.values() for key in re.findall(r'\bt\(\s*"([^"]+)"', text)}
    asked |= {
        k
        for text in OWN.values()
        for pair in re.findall(r'\? "([\w.]+)" : "([\w.]+)"\)', text)
        for k in pair
        if k in known
    }
    assert sorted(asked - known) == []
    # What is put together at run time: t(`page.${id}`), tOr("job", state).
    groups = {group for text in OWN.values() for group in re.findall(r'tOr\(\s*"(\w+)"', text)}
    groups |= {group for text in OWN.values() for group in re.findall(r"\bt\(\s*`(\w+)\.", text)}
    groups |= {"door", "link", "whatif"}
    assert sorted(key for key in known - asked if key.split(".")[0] not in groups) == []


def test_every_verb_module_state_and_role_has_its_word() -> None:
    known, dictionary = set(texts("en")), build(load_tool())
    assert [c.name for c in dictionary.commands if f"verb.{c.name}" not in known] == []
    roles = {role for command in dictionary.commands for role in command.roles}
    assert [role for role in roles if f"role.{role}" not in known] == []
    states = set(re.findall(r'\("\w+", "\w+"\): "(\w+)"', _module_sources()))
    assert len(states) > 15
    assert sorted(state for state in states if f"module.{state}" not in known) == []


def _module_sources() -> str:
    folder = Path(planaris.hmi.__file__).parents[1] / "modules"
    return "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))


def test_the_field_is_spoken() -> None:
    said = texts("zh")
    words = {
        "kind.monitor": "控片",
        "kind.dummy": "挡片",
        "part.disk": "修整盘",
        "part.ring": "保持环",
        "part.pad": "抛光垫",
    }
    assert {key: said[key] for key in words} == words


def test_types_are_those_of_the_wire() -> None:
    assert MODULES["types.js"] == hmi_types.text(), "run scripts/hmi_types.py"


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page) == []
    assert re.findall(r"https?://", page) == []
    names_only = "http://www.w3.org/2000/svg"  # of a namespace: nothing is fetched
    outside = {n: re.findall(r"""["'`](?:https?:)?//[\w.]+""", t.replace(names_only, "")) for n, t in OWN.items()}
    assert {name: found for name, found in outside.items() if found} == {}
    assert not [name for name, text in OWN.items() if re.search(r"\beval\(|innerHTML|document\.write", text)]


def test_the_vendored_library_has_its_licence() -> None:
    first = MODULES["vendor/uPlot.iife.min.js"].partition("\n")[0]
    assert first == "/*! https://github.com/leeoniya/uPlot (v1.6.32) */"
    assert "The MIT License" in (STATIC / "vendor" / "uPlot.LICENSE.txt").read_text(encoding="utf-8")


def test_colours_stand_out_in_both_themes() -> None:
    """WCAG 2.1: text 4.5 to 1 on every ground it stands on; lines of charts 3 to 1 (1.4.11)."""
    style = (STATIC / "style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root[^{]*\{([^}]+)\}", style)[:2]
    )
    for theme in (light, {**light, **dark}):
        grounds = ("--card", "--sunk", "--page")
        pairs = [(ink, ground, 4.5) for ink in ("--ink", "--soft") for ground in (*grounds, "--accent-back")]
        pairs += [(f"--{name}", f"--{name}-back", 4.5) for name in ("good", "warn", "bad", "truth", "accent")]
        pairs += [(f"--{name}", "--card", 4.5) for name in ("good", "warn", "bad", "accent")]
        pairs += [("--on-accent", "--accent", 4.5), ("--mark-ink", "--mark", 4.5), ("--title-soft", "--title", 4.5)]
        pairs += [(f"--c{k}", "--card", 3.0) for k in range(8)] + [("--edge", "--card", 3.0)]
        pairs += [("--ink", "--steel", 4.5), ("--ink", "--pad", 4.5)]  # names on the mimic
        weak = {(a, b): round(ratio, 2) for a, b, least in pairs if (ratio := _contrast(theme[a], theme[b])) < least}
        assert weak == {}


def _contrast(a: str, b: str) -> float:
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return sum(v * w for v, w in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))
