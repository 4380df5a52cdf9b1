"""Wires run-to-run control: recipes' settings become controllers."""

from __future__ import annotations

from planaris.app.removal_estimates import estimates_of, fetch_learners
from planaris.app.removal_models import removal_model
from planaris.control import (
    Actuator,
    Actuators,
    DoubleEwma,
    Estimator,
    Ewma,
    RunToRun,
    Safety,
    StateSpace,
    Threads,
)
from planaris.formats import JobFiles
from planaris.model import (
    InputError,
    InputFault,
    Recipe,
    RunToRunMethod,
    RunToRunMode,
    RunToRunSetting,
    ToolDescription,
)
from planaris.processes import ProcessPackage
from planaris.tool import ControlOf, RecipeControl

# What a step's time and a zone's pressure are rounded to: finer than a label resolves [design].
TIME_STEP_s, PRESSURE_STEP_kPa = 0.01, 0.01
# Heads differ for long, labels are few: the weight of an offset where a recipe gives none [design; the published head
# compensation took 0.66 of the difference seen over 20 lots, Yi, Sang, Zhao 2005].
HEAD_WEIGHT_FRACTION = 0.1

# Labels that are fewer wafers late say something of a new pad as it is [design].
_SOON_COUNT = 10


def estimator_of(setting: RunToRunSetting) -> Estimator:
    """Return the method that a recipe names."""
    if setting.method is RunToRunMethod.STATE_SPACE:
        return StateSpace()
    assert setting.weight_fraction is not None, "the recipe's edge asks for it"
    given = setting.head_weight_fraction
    heads = HEAD_WEIGHT_FRACTION if given is None else given
    # A pad breaks in over some 50 wafers: labels that are later tell of a pad that is no more.
    soon = setting.label_delay_count < _SOON_COUNT
    if setting.method is RunToRunMethod.EWMA:
        return Threads(Ewma(setting.weight_fraction), heads, pad_restarts=soon)
    assert setting.trend_weight_fraction is not None, "the recipe's edge asks for it"
    return Threads(DoubleEwma(setting.weight_fraction, setting.trend_weight_fraction), heads, pad_restarts=soon)


def actuators_of(recipe: Recipe, setting: RunToRunSetting, package: ProcessPackage, tool: ToolDescription) -> Actuators:
    """Return the released parameters of a recipe: times first, then pressures."""
    numbers = {step.name: number for number, step in enumerate(recipe.steps)}
    found: list[Actuator] = []
    for t in setting.times:
        n = numbers[t.step]
        value = recipe.steps[n].end.time_s
        found.append(Actuator(n, None, value, t.min_s, t.max_s, t.max_step_s, t.dead_band_s, TIME_STEP_s))
    for p in setting.pressures:
        n = numbers[p.step]
        value = recipe.steps[n].zone_pressure_kPa[p.zone - 1]
        found.append(
            Actuator(n, p.zone - 1, value, p.min_kPa, p.max_kPa, p.max_step_kPa, p.dead_band_kPa, PRESSURE_STEP_kPa)
        )
    return Actuators(removal_model(package, tool, recipe), tuple(found))


def control_of_recipe(recipe: Recipe, package: ProcessPackage, tool: ToolDescription) -> RecipeControl | None:
    """Return how a recipe is controlled, None where it releases nothing."""
    setting = recipe.run_to_run
    if setting is None or setting.mode is RunToRunMode.OFF:
        return None
    actuators = actuators_of(recipe, setting, package, tool)
    control = RunToRun(
        estimator_of(setting),
        actuators,
        Safety(
            min_labels_count=setting.min_labels_count,
            stale_count=setting.stale_count,
            residual_limit_ratio=0.01 * setting.residual_limit_pct,
            outliers_count=setting.outliers_count,
            estimate_limit_ratio=0.01 * setting.estimate_limit_pct,
            miss_limit_ratio=0.01 * setting.miss_limit_pct,
        ),
        setting.label_every_count,
        setting.label_delay_count,
    )
    estimates = estimates_of(setting, actuators, tool)
    zones = "+".join(str(zone + 1) for zone in actuators.zones)
    memory = f"{recipe.process_package}/{recipe.film}/{setting.method.value}" + (f"/zones {zones}" if zones else "")
    share = actuators.model.share_fraction(actuators.removed_nm(actuators.nominal))
    return RecipeControl(control, memory, share, estimates)


def controls(package: ProcessPackage, tool: ToolDescription) -> ControlOf:
    """Return what finds the control of any recipe of a package; each is made once."""
    made: dict[Recipe, RecipeControl | None] = {}

    def of(recipe: Recipe) -> RecipeControl | None:
        if recipe.run_to_run is None:
            return None
        if recipe not in made:
            made[recipe] = found = control_of_recipe(recipe, package, tool)
            if found is not None and found.estimates is not None:
                fetch_learners()
        return made[recipe]

    return of


def check_run_to_run(files: JobFiles, package: ProcessPackage) -> None:
    """Raise `InputError` with every reason why a recipe's run-to-run control cannot work on a lot or on the tool."""
    recipe, setting, tool = files.recipe, files.recipe.run_to_run, files.tool
    if setting is None:
        return
    faults: list[InputFault] = []
    seen = removal_model(package, tool, recipe).site_fraction
    for index, pressure in enumerate(setting.pressures):
        if not seen[pressure.zone - 1]:
            measured = ", ".join(str(z) for z, share in enumerate(seen, start=1) if share)
            problem, remedy = "no site of the sampling plans lies in this zone", "release zones that are measured"
            faults.append(
                InputFault(f"run_to_run.pressures[{index}].zone", str(pressure.zone), problem, measured, remedy=remedy)
            )
    if setting.target_post_nm is not None:
        faults += _target_faults(files, setting.target_post_nm)
    if faults:
        raise InputError(recipe.name, tuple(dict.fromkeys(faults)))


def _target_faults(files: JobFiles, target_post_nm: float) -> list[InputFault]:
    """Return why what is to be left and what is to be removed do not make what the lot's wafers carry."""
    recipe = files.recipe
    tolerance_nm = 0.01 * recipe.removal_tolerance_pct * recipe.target_removal_nm
    faults: list[InputFault] = []
    for thickness_nm in dict.fromkeys(w.stack.top.thickness_nm for w in files.lot.wafers):
        off_nm = thickness_nm - target_post_nm - recipe.target_removal_nm
        if abs(off_nm) > tolerance_nm:
            problem = (
                f"with {thickness_nm:g} nm on the lot's wafers asks for {thickness_nm - target_post_nm:g} nm off, "
                f"the recipe's target is {recipe.target_removal_nm:g}"
            )
            low, high = (
                thickness_nm - recipe.target_removal_nm - tolerance_nm,
                thickness_nm - recipe.target_removal_nm + tolerance_nm,
            )
            remedy = "make the two targets agree"
            faults.append(
                InputFault(
                    "run_to_run.target_post_nm", f"{target_post_nm:g}", problem, f"{low:g}-{high:g}", "nm", remedy
                )
            )
    return faults
