"""The picture of an evaluation: measured and estimated rate of each regime against time, with the intervals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from planaris.cli.schedule_picture import COLOURS, GREY

if TYPE_CHECKING:
    from planaris.cli.metrology_data import Recording
    from planaris.control.virtual_metrology import Evaluation

_DAY_S = 86400.0


def draw(recording: Recording, evaluation: Evaluation, file: Path) -> None:
    """Write the picture; its format follows the file's ending."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    from planaris.control.virtual_metrology import regime_name

    known = {name: value for own in recording.labels.values() for name, value in own.items()}
    regimes = sorted({regime_name(step) for step in recording.steps})
    zero_s = min(step.start_s for step in recording.steps)
    figure: Any
    panels: Any
    figure, panels = plt.subplots(
        len(regimes), 1, figsize=(13.0, 1.2 + 2.6 * len(regimes)), sharex=True, squeeze=False, layout="constrained"
    )
    for axes, regime in zip(panels[:, 0], regimes, strict=True):
        own = [s for s in recording.steps if regime_name(s) == regime and s.name in evaluation.measurements]
        made = [evaluation.measurements[s.name] for s in own]
        day = np.array([(s.start_s - zero_s) / _DAY_S for s in own])
        value = np.array([m.value for m in made])
        arms = np.nan_to_num(np.array([[m.value - m.low for m in made], [m.high - m.value for m in made]]))
        bars = {"color": COLOURS[0], "ecolor": GREY, "fmt": ".", "markersize": 3, "elinewidth": 0.6}
        if own:
            axes.errorbar(day, value, yerr=arms.reshape(2, -1), label="estimate, 90 % interval", **bars)
        measured = np.array([known.get(s.name, np.nan) for s in own])
        axes.plot(day, measured, ".", color=COLOURS[5], markersize=3, label="measured")
        axes.set_ylabel(f"{regime}\nnm/min")
        axes.grid(color=GREY, linewidth=0.4)
        axes.set_axisbelow(True)
    panels[0, 0].legend(loc="best", fontsize=9)
    panels[-1, 0].set_xlabel("day")
    delay = "" if evaluation.delay_s is None else f", labels after {evaluation.delay_s / 3600.0:g} h"
    panels[0, 0].set_title(f"removal rate, {evaluation.protocol}{delay}", fontsize=10, loc="left")
    try:
        figure.savefig(file, dpi=110)
    finally:
        plt.close(figure)
