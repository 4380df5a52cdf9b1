"""The picture of a replayed endpoint: thickness and confidence against time, with call and stop marked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planaris.cli.schedule_picture import COLOURS, GREY

if TYPE_CHECKING:
    from planaris.app import EndpointTrial


def draw(made: EndpointTrial, file: Path) -> None:
    """Write the picture; its format follows the file's ending. Raises `OSError`, or `ValueError` for that ending."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    said, start_s = made.replay.final, made.start_s
    after_s = [d.time_s - start_s for d in made.replay.decisions]
    thickness_nm = [math.nan if d.thickness_nm is None else d.thickness_nm for d in made.replay.decisions]
    sure_pct = [100.0 * d.confidence_fraction for d in made.replay.decisions]
    seen = any(math.isfinite(nm) for nm in thickness_nm)
    figure: Any
    panels: Any
    ratios = [3, 1] if seen else [1]
    figure, panels = plt.subplots(
        len(ratios), 1, figsize=(9.0, 5.5), sharex=True, squeeze=False, layout="constrained", height_ratios=ratios
    )
    axes = [row[0] for row in panels]
    if seen:
        axes[0].plot(after_s, thickness_nm, color=COLOURS[0], linewidth=1.4, label="thickness")
        targets = [d.target_nm for d in made.step.end.detectors if d.target_nm is not None]
        for target_nm in dict.fromkeys(targets):
            axes[0].axhline(
                target_nm, color=COLOURS[2], linewidth=1.0, linestyle="--", label=f"target {target_nm:g} nm"
            )
        axes[0].set_ylabel(f"{made.film}, nm")
    axes[-1].plot(after_s, sure_pct, color=COLOURS[1], linewidth=1.4, label="confidence")
    axes[-1].set_ylabel("confidence, %")
    axes[-1].set_ylim(-3.0, 103.0)
    axes[-1].set_xlabel("time after step start, s")
    marks = {
        said.kind.value: (said.time_s, COLOURS[3], "-"),
        "stop": (said.stop_s, COLOURS[5], "-"),
        "recorded end": (made.recorded_end_s, "#606060", ":"),
    }
    for panel in axes:
        for name, (time_s, colour, style) in marks.items():
            if time_s is not None:
                label = f"{name} {time_s - start_s:.2f} s"
                panel.axvline(time_s - start_s, color=colour, linestyle=style, linewidth=1.2, label=label)
        panel.grid(color=GREY, linewidth=0.4)
        panel.set_axisbelow(True)
    axes[0].legend(loc="best", fontsize=9)
    what = f"{made.wafer_id or 'wafer'}, {made.step.name}, {', '.join(made.detectors)}"
    axes[0].set_title(f"{what}: {said.why}", fontsize=10, loc="left", wrap=True)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(file, dpi=110)
    finally:
        plt.close(figure)
