"""Write the wafers of a controlled campaign as a table: threads, target, and each wafer's own rate.

``python benchmarks/run_to_run_record.py 1 OUT.csv`` runs seed 1 of the study (`bench_run_to_run`) under control; the
tests' short form of the study is played on such a table.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from planaris.model import RunToRunMode
from planaris.tool import RecipeControl
from r2r_surrogate import Recorded

COLUMNS = ("wafer_id", "head", "pads", "pad_age_h", "target_nm", "rate_ratio")


def write_table(wafers: Recorded, control: RecipeControl, path: Path) -> None:
    """Write one line for each wafer in the order of polish; lists stand with blanks between."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        for k, context in enumerate(wafers.contexts):
            nominal_nm = float(control.control.actuators.outputs_nm(wafers.values[k])[0])
            table.writerow(
                (
                    wafers.names[k], context.head.partition("/")[0], " ".join(context.pads),
                    " ".join(f"{age:.4f}" for age in context.pad_age_h),
                    f"{wafers.target_nm[k]:.3f}", f"{wafers.removed_nm[k] / nominal_nm:.6f}",
                )
            )  # fmt: skip


if __name__ == "__main__":
    from bench_run_to_run import campaign, study_control

    study = study_control()
    write_table(campaign(int(sys.argv[1]), RunToRunMode.CONTROL, study), study, Path(sys.argv[2]))
