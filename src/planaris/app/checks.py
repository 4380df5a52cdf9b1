"""Checks of a job against what this version can do, before anything is written."""

from __future__ import annotations

from planaris.formats import JobFiles
from planaris.model import EndKind, InputError, InputFault


def check_ends(job: JobFiles) -> None:
    """Raise `InputError` naming every step whose end needs a detector that is not there."""
    path = job.lot_file.recipe_path
    source = job.lot_file.lot.recipe if path is None else path.name
    faults = tuple(
        InputFault(
            f"{source}: steps[{i}].end.kind",
            step.end.kind.value,
            "is not offered yet",
            limit=f"{EndKind.TIME.value}, {EndKind.ENDPOINT.value}",
            remedy="end the step by time, or by an endpoint that sees thickness",
        )
        for i, step in enumerate(job.recipe.steps)
        if step.end.kind is EndKind.REMOVAL
    )
    if faults:
        raise InputError(str(job.lot_file.path), faults)
