"""Names, units, formats and texts of everything that is declared."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from planaris.dictionary import Dictionary
from planaris.model import suffix_of

# SECS-II formats (SEMI E5 item formats) that can hold a dtype.
FORMATS = {
    "float": {"F4", "F8"},
    "int": {"U1", "U2", "U4", "U8", "I1", "I2", "I4", "I8"},
    "bool": {"BOOLEAN"},
    "str": {"A"},
}
ALARM_TEXT_LIMIT = 120  # longest ALTX of S5F1 (SEMI E5)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Words that Chinese texts keep: letters of the slot map, words that are typed into a command.
LATIN_KEPT = {"O", "X", "D", "all", "removed", "control", "advise", "off", "adjust", "keep", "hold"}


def bilingual(dictionary: Dictionary) -> Iterator[tuple[str, str, str]]:
    """Yield (what, English, Chinese) of every text."""
    for thing in (
        *dictionary.variables,
        *dictionary.constants,
        *dictionary.events,
        *dictionary.alarms,
        *dictionary.commands,
        *dictionary.places,
    ):
        yield thing.name, thing.text_en, thing.text_zh
    for command in dictionary.commands:
        yield from ((f"{command.name}({p.name})", p.text_en, p.text_zh) for p in command.parameters)
    for listed in dictionary.code_lists:
        yield from ((f"{listed.name}.{c.name}", c.text_en, c.text_zh) for c in listed.by_value.values())
    for device in dictionary.devices:
        for verb in dictionary.verbs_of(device.name):
            yield from ((f"{device.name}.{verb.name}({a.name})", a.text_en, a.text_zh) for a in verb.arguments)
    for t in dictionary.alarm_templates:
        for part, text in (("text", t.text), ("cause", t.cause), ("remedy", t.remedy), ("action", t.action)):
            yield f"{t.name}.{part}", text.en, text.zh


def test_every_number_has_a_legal_unit_or_says_that_it_has_none(dictionary: Dictionary) -> None:
    numbers = [v for v in dictionary.variables if v.dtype in {"float", "int"}]
    bare = [v for v in numbers if suffix_of(v.name) is None]
    assert [v.name for v in bare if not (v.template.unitless or v.codes)] == []
    assert [v.name for v in numbers if v.template.unitless and suffix_of(v.name)] == []
    assert [
        v.name for v in bare if v.dtype == "float" and not v.name.endswith((".cmd.arg1", ".cmd.arg2", "feature_values"))
    ] == []


def test_constants_and_parameters_carry_units(dictionary: Dictionary) -> None:
    assert [c.name for c in dictionary.constants if (suffix_of(c.name) is None) is not c.unitless] == []
    assert [c.name for c in dictionary.constants if c.unitless and c.dtype == "float"] == []
    numbers = [p for c in dictionary.commands for p in c.parameters if p.dtype in {"float", "int"}]
    numbers += [a for d in dictionary.devices for verb in dictionary.verbs_of(d.name) for a in verb.arguments]
    assert [p.name for p in numbers if (suffix_of(p.name) is None) is not p.unitless] == []


def test_formats_are_secs_formats_that_hold_the_type(dictionary: Dictionary) -> None:
    assert [v.name for v in dictionary.variables if v.secs_format not in FORMATS[v.dtype]] == []
    assert [c.name for c in dictionary.constants if c.secs_format not in FORMATS[c.dtype]] == []


def test_every_text_is_there_in_both_languages(dictionary: Dictionary) -> None:
    wanting = [what for what, en, zh in bilingual(dictionary) if not en.strip() or not zh.strip()]
    assert wanting == []
    assert [what for what, en, _ in bilingual(dictionary) if not en.isascii()] == []


def test_chinese_texts_are_chinese(dictionary: Dictionary) -> None:
    assert [zh for _, _, zh in bilingual(dictionary) if not CHINESE.search(zh)] == []
    left = {word for _, _, zh in bilingual(dictionary) for word in re.findall(r"[A-Za-z]+", zh)}
    assert left == LATIN_KEPT
    # Half-width punctuation between Chinese characters is a slip of the keyboard.
    assert [zh for _, _, zh in bilingual(dictionary) if re.search(r"[\u4e00-\u9fff][,;:()?!]", zh)] == []


def test_the_field_s_terms_are_used(dictionary: Dictionary) -> None:
    texts = "".join(zh for _, _, zh in bilingual(dictionary))
    terms = "晶圆 抛光头 保持环 抛光盘 抛光垫 修整器 抛光液 装载口 终点检测 去离子水 片盒 飞片 气膜"
    assert [term for term in terms.split() if term not in texts] == []
    # 研磨 is grinding, 基板 a panel: neither is what this tool does.
    assert not re.search("研磨|基板|硅片", texts)


def test_labels_tell_status_variables_apart(dictionary: Dictionary) -> None:
    labels = [v for v in dictionary.variables if v.kind == "sv"]
    for texts in ([v.text_en for v in labels], [v.text_zh for v in labels]):
        assert sorted({text for text in texts if texts.count(text) > 1}) == []


def test_alarm_texts_fit_the_host_message(dictionary: Dictionary) -> None:
    assert [a.name for a in dictionary.alarms if len(a.text_en) > ALARM_TEXT_LIMIT] == []


def test_ranges_hold_their_nominal_and_default(dictionary: Dictionary) -> None:
    for v in dictionary.variables:
        low, high = v.template.minimum, v.template.maximum
        if low is not None and high is not None:
            assert low < high, v.name
            assert v.template.nominal is None or low <= v.template.nominal <= high, v.name
    for c in dictionary.constants:
        assert c.minimum <= c.default <= c.maximum, c.name
        assert c.source, c.name


def test_pairs_of_limits_are_in_order(dictionary: Dictionary) -> None:
    limits = {c.name: c for c in dictionary.constants}
    for name, low in limits.items():
        high = limits.get(name.replace("_min_", "_max_"))
        if "_min_" in name and high is not None:
            assert low.default < high.default, name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sentences_end_as_sentences_do(dictionary: Dictionary, language: str) -> None:
    stop = "。" if language == "zh" else "."
    for t in dictionary.alarm_templates:
        for part in (t.cause, t.remedy, t.action):
            assert part.in_language(language).endswith(stop), t.name
        assert not t.text.in_language(language).endswith(stop), t.name
