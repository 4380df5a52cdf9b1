"""What a recipe releases to run-to-run control: read, written, compared, and every fault at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from planaris.app.run_to_run import check_run_to_run
from planaris.formats import diff_recipes, dump_recipe, load_job, load_recipe, recipe_hash
from planaris.model import (
    InputError,
    InputFault,
    Recipe,
    ReleasedPressure,
    ReleasedTime,
    RunToRunMethod,
    ToolDescription,
    VirtualLabels,
)
from planaris.processes import load_package

Edit = Callable[..., Path]
FaultsOf = Callable[[Callable[[], object]], dict[str, InputFault]]
EXAMPLE = Path(__file__).parents[3] / "examples" / "oxide_ild"
TIME = '\n[[run_to_run.times]]\nstep = "P1 main"\nmin_s = 32\nmax_s = 50\nmax_step_s = 3\n'
PRESSURE = '\n[[run_to_run.pressures]]\nstep = "P1 main"\nzone = 3\nmin_psi = 4\nmax_psi = 5\nmax_step_psi = 0.2\n'
WET = "[wet_limits]"
HASH_BEFORE = "5af5befb06b6"


def with_table(edit: Edit, tool_a: ToolDescription, head: str, *entries: str) -> Recipe:
    text = f"[run_to_run]\n{head}\n{''.join(entries)}\n{WET}"
    return load_recipe(edit("recipe.toml", (WET, text)), tool_a)


def test_it_is_read_with_typed_units(edit: Edit, tool_a: ToolDescription) -> None:
    recipe = with_table(edit, tool_a, 'method = "state_space"\ntarget_post_A = 9000', TIME, PRESSURE)
    setting = recipe.run_to_run
    assert setting is not None
    assert (setting.method, setting.target_post_nm) == (RunToRunMethod.STATE_SPACE, 900.0)
    assert setting.times == (ReleasedTime("P1 main", 32, 50, 3),)
    psi = 6.894757293168
    assert setting.pressures == (ReleasedPressure("P1 main", 3, 4 * psi, 5 * psi, 0.2 * psi),)
    assert recipe.entered["run_to_run.pressures[0].min_kPa"] == "4 psi"


def test_what_was_written_reads_back_the_same(edit: Edit, tool_a: ToolDescription, tmp_path: Path) -> None:
    recipe = with_table(edit, tool_a, 'method = "ewma"\nweight_fraction = 0.3', TIME, PRESSURE)
    path = tmp_path / "again.toml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    again = load_recipe(path, tool_a)
    assert again == recipe
    assert recipe.entered.items() <= again.entered.items()


def test_releasing_is_another_recipe_and_its_difference_is_shown(edit: Edit, tool_a: ToolDescription) -> None:
    plain = load_recipe(EXAMPLE / "recipe.toml", tool_a)
    released = with_table(edit, tool_a, 'method = "ewma"\nweight_fraction = 0.3', TIME)
    assert recipe_hash(plain) != recipe_hash(released)
    (added,) = diff_recipes(plain, released)
    assert (added.path, added.before) == ("run_to_run", "")
    assert added.after == "method ewma; times P1 main; weight_fraction 0.3"
    setting = released.run_to_run
    assert setting is not None
    tighter = replace(released, run_to_run=replace(setting, times=(replace(setting.times[0], max_s=45.0),)))
    assert [c.path for c in diff_recipes(released, tighter)] == ["run_to_run.times[P1 main].max_s"]


def test_estimates_are_asked_for_and_a_recipe_that_does_not_is_what_it_was(
    edit: Edit, tool_a: ToolDescription, tmp_path: Path
) -> None:
    plain = with_table(edit, tool_a, 'method = "state_space"', TIME)
    assert plain.run_to_run is not None
    assert (plain.run_to_run.virtual_metrology, plain.takes_features) == (VirtualLabels.OFF, False)
    # Its hash from before there was virtual metrology: released recipes stay the same.
    assert recipe_hash(plain).startswith(HASH_BEFORE)
    head, limit = 'method = "state_space"', "reliance_limit_ratio = 0.8"
    more = f'{head}\nvirtual_metrology = "labels"\n{limit}'
    asked = load_recipe(edit("recipe.toml", (head, more)), tool_a)
    assert asked.run_to_run is not None
    assert (asked.run_to_run.virtual_metrology, asked.run_to_run.reliance_limit_ratio) == (VirtualLabels.LABELS, 0.8)
    assert asked.takes_features
    assert recipe_hash(asked) != recipe_hash(plain)
    path = tmp_path / "again.toml"
    path.write_text(dump_recipe(asked), encoding="utf-8")
    assert load_recipe(path, tool_a) == asked
    # Where nothing is decided nothing is estimated.
    off = load_recipe(edit("recipe.toml", (limit, f'{limit}\nmode = "off"')), tool_a)
    assert not off.takes_features


@pytest.mark.parametrize("line", ['virtual_metrology = "on"', "reliance_limit_ratio = 1", "reliance_limit_ratio = 0"])
def test_a_bad_word_of_estimates_is_told(edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf, line: str) -> None:
    found = faults_of(lambda: with_table(edit, tool_a, f'method = "state_space"\n{line}', TIME))
    assert list(found) == [f"run_to_run.{line.partition(' ')[0]}"]


def test_every_bad_declaration_is_told_at_once(edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf) -> None:
    entries = (
        '\n[[run_to_run.times]]\nstep = "P1 main"\nmin_s = 20\nmax_s = 70\nmax_step_s = 0.1\ndead_band_s = 0.2\n',
        '\n[[run_to_run.times]]\nstep = "P1 main"\nmin_s = 41\nmax_s = 50\nmax_step_s = 1\n',
        '\n[[run_to_run.times]]\nstep = "P1 rinse"\nmin_s = 4\nmax_s = 8\nmax_step_s = 1\n',
        '\n[[run_to_run.times]]\nstep = "P4 main"\nmin_s = 32\nmax_s = 50\nmax_step_s = 1\n',
        '\n[[run_to_run.pressures]]\nstep = "P2 main"\nzone = 4\nmin_psi = 4\nmax_psi = 5\nmax_step_psi = 0.2\n',
        '\n[[run_to_run.pressures]]\nstep = "P3 main"\nzone = 1\nmin_psi = 0.1\nmax_psi = 3\nmax_step_psi = 0.2\n',
    )
    head = 'method = "double_ewma"\nweight_fraction = 1.5\nlabel_every_count = 0\nlabel_delay_count = 150'
    found = faults_of(lambda: with_table(edit, tool_a, head, *entries))
    told = {path.removeprefix("run_to_run."): fault.problem for path, fault in found.items()}
    assert set(told) == {
        "weight_fraction", "trend_weight_fraction", "label_every_count", "stale_count",
        "times[0].min_s", "times[0].max_s", "times[0].dead_band_s",
        "times[1].step", "times[1].min_s", "times[2].step", "times[3].step",
        "pressures[0].zone", "pressures[1].min_psi", "pressures[1].max_psi",
    }  # fmt: skip
    assert "is missing for double_ewma" in told["trend_weight_fraction"]
    assert "before the step's earliest end" in told["times[0].min_s"]
    assert "after the step's latest end" in told["times[0].max_s"]
    assert "leaves no move" in told["times[0].dead_band_s"]
    assert "released already by run_to_run.times[0]" in told["times[1].step"]
    assert "above the recipe's own value 40" in told["times[1].min_s"]
    assert "is a rinse" in told["times[2].step"]
    assert "unknown step" in told["times[3].step"]
    assert "no such zone" in told["pressures[0].zone"]


def test_steps_by_endpoint_and_weights_that_mean_nothing_are_told(
    edit: Edit, tool_a: ToolDescription, faults_of: FaultsOf
) -> None:
    by_time = 'end = { kind = "time", time_s = 40, min_s = 30, max_s = 60 }'
    by_end = by_time.replace('"time"', '"endpoint"').replace(
        "max_s = 60", 'max_s = 60, detectors = [{ detector = "spectrum", target_A = 9000 }]'
    )
    text = f'[run_to_run]\nmethod = "state_space"\nweight_fraction = 0.3\n{TIME}\n{WET}'
    found = faults_of(lambda: load_recipe(edit("recipe.toml", (WET, text), (by_time, by_end)), tool_a))
    assert {"steps[0].end.kind", "run_to_run.weight_fraction"} <= set(found)
    assert "means nothing to state_space" in found["run_to_run.weight_fraction"].problem
    assert "ends by endpoint" in found["steps[0].end.kind"].problem


def test_a_lot_that_cannot_be_controlled_is_told(tool_a: ToolDescription) -> None:
    job = load_job(EXAMPLE / "lot_run_to_run.toml")
    check_run_to_run(job, load_package("oxide_ild"))
    setting = job.recipe.run_to_run
    assert setting is not None
    blind = ReleasedPressure("P1 main", 2, 20.0, 40.0, 1.0)
    wrong = replace(job.recipe, run_to_run=replace(setting, target_post_nm=700.0, pressures=(blind,)))
    with pytest.raises(InputError) as caught:
        check_run_to_run(replace(job, recipe=wrong), load_package("oxide_ild"))
    told = {fault.path: fault for fault in caught.value.faults}
    assert "no site" in told["run_to_run.pressures[0].zone"].problem
    assert told["run_to_run.target_post_nm"].limit == "870-930"
