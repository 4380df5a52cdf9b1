"""Any recipe a person may type is read as typed; any damage to a file is told as faults, never as a traceback."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planaris.formats import dump_recipe, load_lot, load_recipe, load_tool, show_quantity
from planaris.model import InputError

EXAMPLE = Path(__file__).parents[2] / "examples" / "oxide_ild"
TEXT = (EXAMPLE / "recipe.toml").read_text(encoding="utf-8")
LOT_TEXT = (EXAMPLE / "lot.toml").read_text(encoding="utf-8")
PSI = 6.894757293168
TOOL = load_tool()

each = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
typed_psi = st.decimals(min_value="1.0", max_value="7.0", places=3).map(str)


@each
@given(zones=st.lists(typed_psi, min_size=3, max_size=3), ring=typed_psi)
def test_typed_psi_survives_reading_showing_and_writing(tmp_path: Path, zones: list[str], ring: str) -> None:
    path = tmp_path / "r.toml"
    text = TEXT.replace("[4.0, 4.0, 4.5]", f"[{', '.join(zones)}]", 1)
    path.write_text(text.replace("ring_pressure_psi = 5.2", f"ring_pressure_psi = {ring}", 1), encoding="utf-8")
    recipe = load_recipe(path, TOOL)
    assert recipe.steps[0].zone_pressure_kPa == pytest.approx([float(z) * PSI for z in zones])
    assert show_quantity(recipe, "steps[0].ring_pressure_kPa").startswith(f"{ring} psi (")
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    again = load_recipe(path, TOOL)
    assert again == recipe
    assert [again.entered[f"steps[0].zone_pressure_kPa[{i}]"] for i in range(3)] == [f"{z} psi" for z in zones]


@each
@given(low=st.booleans(), off=st.floats(min_value=1e-3, max_value=1e3))
def test_whatever_leaves_the_range_is_refused_at_that_place(tmp_path: Path, low: bool, off: float) -> None:
    value = 0.5 * (1 - off / 1e4) if low else 7.0 + off
    path = tmp_path / "r.toml"
    path.write_text(TEXT.replace("[4.0, 4.0, 4.5]", f"[4.0, {value!r}, 4.0]", 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(path, TOOL)
    assert [fault.path for fault in caught.value.faults] == ["steps[0].zone_pressure_psi[1]"]


scraps = st.sampled_from(['"', "[", "]", "=", "nan", "-", "true", "{}", "[[steps]]", "\n", "0", "x = 1\n", "é", "''"])


@each
@given(data=st.data(), cut=st.integers(0, 60), scrap=scraps)
def test_a_damaged_file_is_read_or_refused_with_faults(
    tmp_path: Path, data: st.DataObject, cut: int, scrap: str
) -> None:
    for name, text in (("r.toml", TEXT), ("lot.toml", LOT_TEXT)):
        start = data.draw(st.integers(0, len(text)))
        (tmp_path / name).write_text(text[:start] + scrap + text[start + cut :], encoding="utf-8")
    with contextlib.suppress(InputError):
        load_recipe(tmp_path / "r.toml", TOOL)
    with contextlib.suppress(InputError):
        load_lot(tmp_path / "lot.toml")


json_like = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=4)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
places = st.sampled_from(
    ["name", "steps", "end", "zone_pressure_psi", "conditioning", "wet_limits", "target_removal_A", "bands", "platen"]
)


@each
@given(key=places, value=json_like)
def test_a_value_of_any_sort_in_any_place_is_read_or_refused_with_faults(
    tmp_path: Path, key: str, value: object
) -> None:
    import tomlkit

    document = tomlkit.parse(TEXT).unwrap()
    (document if key in document or key == "wet_limits" else document["steps"][0])[key] = value
    path = tmp_path / "r.toml"
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    with contextlib.suppress(InputError):
        load_recipe(path, TOOL)
