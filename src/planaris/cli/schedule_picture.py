"""The Gantt picture of a schedule: one row a resource, one colour a wafer."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planaris.scheduling import Schedule

# Okabe and Ito's colours: told apart by any eye. Neighbouring wafers differ; the eighth has the first's again.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
GREY = "#B0B0B0"
_ROWS = ("dry_robot", "aligner", "wet_robot", "loadcup", "carousel")


def draw(schedule: Schedule, file: Path) -> None:
    """Write the picture; its format follows the file's ending."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    bars: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    colour = {w.wafer_id: COLOURS[n % len(COLOURS)] for n, w in enumerate(schedule.wafers)}
    for o in schedule.played.operations:
        bars[o.resource].append((o.start_s, o.end_s - o.start_s, colour.get(o.wafer_id, GREY)))
    rows = [name for name in _ROWS if name in bars]
    after = [name for name in bars if name not in _ROWS and name != "metrology"]
    rows += sorted(name for name in after if name.startswith("platen"))
    rows += [name for name in after if not name.startswith("platen")]
    rows += [name for name in ("metrology",) if name in bars]
    end_s = schedule.played.makespan_s
    wide = min(40.0, max(9.0, end_s / 120.0))
    figure: Any
    axes: Any
    figure, axes = plt.subplots(figsize=(wide, 0.8 + 0.38 * len(rows)), layout="constrained")
    for row, name in enumerate(rows):
        own = bars[name]
        spans = [(start_s, time_s) for start_s, time_s, _ in own]
        axes.broken_barh(spans, (row - 0.38, 0.76), facecolors=[c for _, _, c in own], linewidth=0)
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.set_xlim(0.0, end_s)
    axes.set_xlabel("time, s")
    axes.grid(axis="x", color="#E0E0E0", linewidth=0.6)
    axes.set_axisbelow(True)
    bound = schedule.bound
    axes.set_title(
        f"{len(schedule.wafers)} wafers, {end_s:.0f} s; bound {bound.makespan_s:.0f} s by {bound.bottleneck} "
        "(one colour a wafer, grey without wafer)",
        fontsize=10,
        loc="left",
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)
