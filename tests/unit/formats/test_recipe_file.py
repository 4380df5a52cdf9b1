"""Polish recipes: what is read, and every way a recipe can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from planaris.formats import RECIPE_LIMIT_BYTES, load_any_recipe, load_recipe, parse_recipe
from planaris.model import (
    CleanerRecipe,
    ConditioningMode,
    InputError,
    InputFault,
    Recipe,
    StepKind,
    ToolDescription,
)

Edit = Callable[..., Path]
FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]
PSI = 6.894757293168


def test_typed_units_become_model_units_and_are_kept_as_typed(example: Path, tool_a: ToolDescription) -> None:
    recipe = load_recipe(example / "recipe.toml", tool_a)
    main = recipe.steps[0]
    assert main.zone_pressure_kPa == pytest.approx((4.0 * PSI, 4.0 * PSI, 4.5 * PSI))
    assert main.conditioning.downforce_N == pytest.approx(5 * 4.4482216152605)
    assert recipe.target_removal_nm == pytest.approx(600.0)
    assert recipe.entered["steps[0].zone_pressure_kPa[1]"] == "4.0 psi"
    assert recipe.entered["target_removal_nm"] == "6000 Å"
    assert recipe.entered["steps[0].platen_speed_rpm"] == "93 rpm"


def test_example_is_three_platens_of_40_s_and_6_s_rinse(example: Path, tool_a: ToolDescription) -> None:
    recipe = load_recipe(example / "recipe.toml", tool_a)
    assert recipe.platens == (1, 2, 3)
    assert [(s.platen, s.kind, s.end.time_s) for s in recipe.steps] == [
        (p, kind, time_s) for p in (1, 2, 3) for kind, time_s in ((StepKind.POLISH, 40.0), (StepKind.RINSE, 6.0))
    ]
    assert {s.conditioning.mode for s in recipe.steps if s.kind is StepKind.POLISH} == {ConditioningMode.IN_SITU}
    # design values: pre-flow 3 s, then 3 s from lowering the head to full pressure
    assert recipe.pre_flow_s == 3.0
    assert {tool_a.touch_down_s + s.ramp_s for s in recipe.steps if s.kind is StepKind.POLISH} == {3.0}


def test_three_faults_are_three_with_path_value_limit_and_unit(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf
) -> None:
    path = edit(
        "recipe.toml",
        ("ring_pressure_psi = 5.2", "ring_pressure_psi = 12"),
        ("head_speed_rpm = 87", "head_sped_rpm = 87"),
        ("time_s = 40, min_s = 30, max_s = 60", "time_s = 70, min_s = 30, max_s = 60"),
    )
    faults = faults_of(lambda: load_recipe(path, tool_a))
    assert set(faults) == {"steps[0].ring_pressure_psi", "steps[0].head_sped_rpm", "steps[0].end.time_s"}
    ring = faults["steps[0].ring_pressure_psi"]
    assert (ring.value, ring.limit, ring.unit, ring.remedy) == ("12", "0-10", "psi", "use 10 or less")
    assert faults["steps[0].head_sped_rpm"].remedy == "did you mean head_speed_rpm?"
    late = faults["steps[0].end.time_s"]
    assert (late.value, late.limit, late.unit) == ("70", "<= 60", "s")


@pytest.mark.parametrize(
    ("old", "new", "where", "value", "limit", "unit"),
    [
        ("zone_pressure_psi = [4.0, 4.0,", "zone_pressure_psi = [4.0, 9,", "zone_pressure_psi[1]", "9", "0.5-7", "psi"),
        ("zone_pressure_psi = [4.0,", "zone_pressure_psi = [0.4,", "zone_pressure_psi[0]", "0.4", "0.5-7", "psi"),
        ("ring_pressure_psi = 5.2", "ring_pressure_kPa = 69", "ring_pressure_kPa", "69", "0-68.9476", "kPa"),
        ("back_pressure_psi = 0", "back_pressure_psi = 2.1", "back_pressure_psi", "2.1", "0-2", "psi"),
        ("platen_speed_rpm = 93", "platen_speed_rpm = 151", "platen_speed_rpm", "151", "10-150", "rpm"),
        ("head_speed_rpm = 87", "head_speed_rpm = 9.5", "head_speed_rpm", "9.5", "10-150", "rpm"),
        ("slurry_flow_ml_min = 200", "slurry_flow_ml_min = 0", "slurry_flow_ml_min", "0", "50-500", "ml/min"),
        ("di_flow_ml_min = 0", "di_flow_ml_min = 3001", "di_flow_ml_min", "3001", "0-3000", "ml/min"),
        ("sweep_amplitude_mm = 5", "sweep_amplitude_mm = 8", "sweep_amplitude_mm", "8", "0-5", "mm"),
        ("sweep_per_min = 10", "sweep_per_min = 11", "sweep_per_min", "11", "0-10", "1/min"),
        ("platen_temperature_C = 25", "platen_temperature_C = 36", "platen_temperature_C", "36", "20-35", "°C"),
        ("ramp_s = 2", "ramp_s = 10.5", "ramp_s", "10.5", "0-10", "s"),
        ("downforce_lbf = 5.0", "downforce_lbf = 7.2", "conditioning.downforce_lbf", "7.2", "3-7", "lbf"),
        ("sweep_per_min = 19", "sweep_per_min = 21", "conditioning.sweep_per_min", "21", "5-20", "1/min"),
        ("max_s = 60", "max_s = 601", "end.max_s", "601", "1-600", "s"),
        ("platen = 1", "platen = 4", "platen", "4", "1-3", ""),
        ("slurry_line = 1", "slurry_line = 3", "slurry_line", "3", "1-2", ""),
        ("platen_speed_rpm = 93", "platen_speed_rpm = -3", "platen_speed_rpm", "-3", ">= 0", "rpm"),
        ("platen_speed_rpm = 93", "platen_speed_rpm = nan", "platen_speed_rpm", "nan", "", "rpm"),
        ("platen_speed_rpm = 93", 'platen_speed_rpm = "93"', "platen_speed_rpm", '"93"', "", "rpm"),
        ("platen_speed_rpm = 93", "platen_speed_rpm = true", "platen_speed_rpm", "true", "", "rpm"),
        ("platen = 1", "platen = 1.5", "platen", "1.5", "", ""),
        ("min_s = 30", "min_s = 41", "end.time_s", "40", ">= 41", "s"),
        ("min_s = 30, max_s = 60", "min_s = 61, max_s = 60", "end.min_s", "61", "<= 60", "s"),
        ('kind = "polish"', 'kind = "polich"', "kind", '"polich"', "polish, buff, rinse", ""),
        ("[4.0, 4.0, 4.5]", "[4.0, 4.0]", "zone_pressure_psi", "[4.0, 4.0]", "3", ""),
        ("sweep_per_min = 19", "sweep_per_min = 19, dwell_ratio = [1, 1]",
         *("conditioning.dwell_ratio", "[1, 1]"), "5 zones", ""),
        ("sweep_per_min = 19", "sweep_per_min = 19, dwell_ratio = [2, 2, 1, 1, 1]",
         *("conditioning.dwell_ratio", "[2, 2, 1, 1, 1]"), "mean 1", ""),
    ],
)  # fmt: skip
def test_one_fault_in_a_step(
    edit: Edit,
    tool_a: ToolDescription,
    faults_of: FaultsOf,
    *,
    old: str,
    new: str,
    where: str,
    value: str,
    limit: str,
    unit: str,
) -> None:
    path = edit("recipe.toml", (old, new))
    faults = faults_of(lambda: load_recipe(path, tool_a))
    assert {(f.path, f.value, f.limit, f.unit) for f in faults.values()} == {(f"steps[0].{where}", value, limit, unit)}


@pytest.mark.parametrize(
    ("old", "new", "path", "problem"),
    [
        ('"oxide_ild"\nfilm', '"oxide_ldi"\nfilm', "process_package", "unknown process package"),
        ('film = "TEOS"', 'film = "TOES"', "film", "unknown film of process package oxide_ild"),
        ("wiwnu_limit_pct = 5", "", "wiwnu_limit_pct", "is missing"),
        ("target_removal_A = 6000", "", "target_removal_nm", "is missing"),
        ("target_removal_A = 6000", "target_removal_A = 6000\ntarget_removal_nm = 600", "target_removal_nm", "twice"),
        ('schema = "planaris/recipe/1"', 'schema = "planaris/lot/1"', "schema", "is not the schema read here"),
        ('schema = "planaris/recipe/1"', "", "schema", "is missing"),
        ('name = "P2 main"', 'name = "P1 main"', "steps[2].name", "is also the name of steps[0]"),
        (
            'name = "P2 main"\nplaten = 2',
            'name = "P2 main"\nplaten = 3',
            "steps[3].platen",
            "the stages of tool tool_a in order",
        ),
        ('mode = "in_situ"', 'mode = "ex_situ"', "steps[0].conditioning.time_s", "is missing for ex-situ"),
        ('kind = "time"', 'kind = "removal"', "steps[0].end.removal_nm", "is missing for an end by removal"),
        ('kind = "time"', 'kind = "endpoint"', "steps[0].end.detectors", "is missing for an end by endpoint"),
        (
            "max_s = 60 }",
            "max_s = 60, over_polish_s = 2, over_polish_pct = 5 }",
            "steps[0].end.over_polish_pct",
            "and as",
        ),
        ("polish_to_clean_s = 60", "polish_to_clean_s = 0", "wet_limits.polish_to_clean_s", "out of range"),
    ],
)
def test_one_fault_of_the_recipe(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf, *, old: str, new: str, path: str, problem: str
) -> None:
    recipe = edit("recipe.toml", (old, new))
    faults = faults_of(lambda: load_recipe(recipe, tool_a))
    assert list(faults) == [path]
    assert problem in faults[path].problem


def test_unknown_process_package_lists_those_there(edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf) -> None:
    path = edit("recipe.toml", ('"oxide_ild"\nfilm', '"oxide"\nfilm'))
    assert "oxide_ild" in faults_of(lambda: load_recipe(path, tool_a))["process_package"].limit


def test_both_units_of_one_quantity_are_a_fault_that_names_the_other(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf
) -> None:
    path = edit("recipe.toml", ("ring_pressure_psi = 5.2", "ring_pressure_psi = 5.2\nring_pressure_kPa = 35.9"))
    (fault,) = faults_of(lambda: load_recipe(path, tool_a)).values()
    assert fault.path == "steps[0].ring_pressure_kPa"
    assert "ring_pressure_psi" in fault.problem


def test_a_limit_typed_in_another_unit_may_be_reached(edit: Edit, tool_a: ToolDescription) -> None:
    path = edit("recipe.toml", ("[4.0, 4.0, 4.5]", "[7.0, 0.5, 4.0]"), ("downforce_lbf = 5.0", "downforce_lbf = 7"))
    assert load_recipe(path, tool_a).steps[0].conditioning.downforce_N == pytest.approx(31.1375513)


def test_a_ring_that_holds_no_wafer_is_refused_and_one_psi_is_enough(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf
) -> None:
    low = edit("recipe.toml", ("ring_pressure_psi = 5.2", "ring_pressure_psi = 0.9"))
    fault = faults_of(lambda: load_recipe(low, tool_a))["steps[0].ring_pressure_psi"]
    assert (fault.value, fault.limit, fault.unit) == ("0.9", ">= 1", "psi")
    enough = edit("recipe.toml", ("ring_pressure_psi = 0.9", "ring_pressure_psi = 1.0"))
    assert load_recipe(enough, tool_a).steps[0].ring_pressure_kPa == pytest.approx(PSI)
    zones = "zone_pressure_psi = [1.0, 1.0, 1.0]\nring_pressure_psi = 1.5"
    held = edit("recipe.toml", (zones, "zone_pressure_psi = [0.5, 0.5, 0.5]\nring_pressure_psi = 0"))
    assert load_recipe(held, tool_a).steps[1].ring_pressure_kPa == 0.0


def test_off_is_in_range_where_it_means_off(example: Path, tool_a: ToolDescription) -> None:
    rinse = load_recipe(example / "recipe.toml", tool_a).steps[1]
    assert (rinse.slurry_flow_ml_min, rinse.conditioning.mode) == (0.0, ConditioningMode.OFF)


def test_without_a_tool_no_range_is_checked(edit: Edit) -> None:
    path = edit("recipe.toml", ("ring_pressure_psi = 5.2", "ring_pressure_psi = 12"))
    assert load_recipe(path, None).steps[0].ring_pressure_kPa == pytest.approx(12 * PSI)


def test_bands_name_known_quantities_and_warn_before_they_abort(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf
) -> None:
    bands = 'bands = [{ quantity = "ring_presure_kPa", warn_pct = 9, abort_pct = 5 }]\nramp_s = 2'
    path = edit("recipe.toml", ("ramp_s = 2", bands))
    faults = faults_of(lambda: load_recipe(path, tool_a))
    assert set(faults) == {"steps[0].bands[0].quantity", "steps[0].bands[0].warn_pct"}
    assert faults["steps[0].bands[0].quantity"].remedy == "did you mean ring_pressure_kPa?"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('schema = "planaris/recipe/1"\nname = \n', "line 2, column 8"),
        ("a = [1,\n", "end of document"),
        ('a = 1\na = 2\n', "line 2, column 6"),
    ],
)  # fmt: skip
def test_a_syntax_error_names_line_and_column(tmp_path: Path, faults_of: FaultsOf, text: str, where: str) -> None:
    path = tmp_path / "r.toml"
    path.write_text(text, encoding="utf-8")
    (fault,) = faults_of(lambda: load_recipe(path, None)).values()
    assert fault.path == where
    assert fault.problem.startswith("not TOML: ")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00 = 1", "folder"])
def test_what_is_no_text_file_is_a_fault_and_no_traceback(
    tmp_path: Path, faults_of: FaultsOf, content: bytes | str | None
) -> None:
    path = tmp_path / "r.toml"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    assert list(faults_of(lambda: load_recipe(path, None))) == [str(path)]


def test_windows_line_ends_and_byte_order_mark_are_read(example: Path, tool_a: ToolDescription) -> None:
    path = example / "recipe.toml"
    before = load_recipe(path, tool_a)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_recipe(path, tool_a) == before


def test_an_empty_file_lacks_everything_at_once(tmp_path: Path, faults_of: FaultsOf) -> None:
    path = tmp_path / "r.toml"
    path.write_text("", encoding="utf-8")
    faults = faults_of(lambda: load_recipe(path, None))
    assert {"schema", "name", "steps", "target_removal_nm", "process_package"} <= set(faults)
    assert faults["target_removal_nm"].remedy == "give target_removal_nm or target_removal_A"


def test_a_step_that_is_no_table_is_a_fault(tmp_path: Path, faults_of: FaultsOf) -> None:
    path = tmp_path / "r.toml"
    path.write_text('schema = "planaris/recipe/1"\nsteps = [1]\n', encoding="utf-8")
    assert faults_of(lambda: load_recipe(path, None))["steps[0]"].problem == "must be a table"


def test_the_schema_tells_polish_from_cleaner_recipes(example: Path, tool_a: ToolDescription) -> None:
    assert isinstance(load_any_recipe(example / "recipe.toml", tool_a), Recipe)
    assert isinstance(load_any_recipe(example / "cleaner.toml", tool_a), CleanerRecipe)
    with pytest.raises(InputError, match="is not the schema read here"):
        load_any_recipe(example / "lot.toml", tool_a)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("x = " + "[" * 3000 + "]" * 3000, "(TOML)"),
        ("x = [" + "[" * 60 + "]" * 60 + "]", "x" + "[0]" * 50),
        ("a" + ".a" * 2000 + " = 1", "a" + ".a" * 50),
        ("x = " + "1" * 5000, "(TOML)"),
        ("x = 0x" + "f" * 5000, "(TOML)"),
        ("target_removal_A = 1" + "0" * 400, "target_removal_A"),
        ("x = [0, -9223372036854775809]", "x[1]"),
    ],
)
def test_what_is_too_deep_or_too_large_to_be_read_is_a_fault(
    tmp_path: Path, faults_of: FaultsOf, text: str, path: str
) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(text, encoding="utf-8")
    assert list(faults_of(lambda: load_any_recipe(file, None))) == [path]


def test_a_file_without_end_is_not_read_to_its_end(faults_of: FaultsOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planaris.formats.document.TEXT_LIMIT_BYTES", 4096)
    faults = faults_of(lambda: load_any_recipe(Path("/dev/zero"), None))
    assert (faults["/dev/zero"].limit, faults["/dev/zero"].unit) == ("4096", "bytes")


def test_a_recipe_too_large_to_be_checked_between_two_turns_of_control_is_refused(
    example: Path, faults_of: FaultsOf
) -> None:
    text = (example / "recipe.toml").read_text(encoding="utf-8")
    longest = text + "#" * (RECIPE_LIMIT_BYTES - len(text.encode()))
    assert parse_recipe(longest, "sent", None).name == "oxide_ild"
    assert faults_of(lambda: parse_recipe(longest + "#", "sent", None))["(text)"].limit == str(RECIPE_LIMIT_BYTES)
    assert list(faults_of(lambda: parse_recipe(text + "[[steps]]\n" * 100, "sent", None))) == ["steps"]
