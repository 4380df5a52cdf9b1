"""A wafer of a chip's dies under a pressure map, and the density file of the twin's patterned wafers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planaris.planarity import ChipStudy, LayerStudy, WaferOfDies

_COLUMNS = ("radius_mm", "pressure_kPa")


def wafers_of(made: ChipStudy, path: Path) -> dict[str, WaferOfDies]:
    """Return a wafer of each layer's dies under the pressure that a table gives by radius; InputError for a bad one."""
    import numpy as np

    from planaris.model import InputError, InputFault
    from planaris.planarity import polish_wafer

    radii, pressures = read_pressure_map(path)
    mean = float(np.trapezoid(pressures * radii, radii) / np.trapezoid(radii, radii))

    def ratio(radius_mm: float) -> float:
        return float(np.interp(radius_mm, radii, pressures)) / mean

    try:
        return {layer.name: polish_wafer(layer.maps, layer.process, ratio) for layer in made.layers}
    except ValueError as error:
        fault = InputFault("--pressure-map", str(path), str(error), remedy="leave it out")
        raise InputError(made.source, (fault,)) from error


def read_pressure_map(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return radii in mm, rising, and pressures in kPa of a CSV table; InputError with every fault."""
    import csv

    import numpy as np

    from planaris.model import InputError, InputFault

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    except (OSError, UnicodeDecodeError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise InputError(str(path), (InputFault("file", text, "cannot be read", remedy="check the path"),)) from error
    faults = [
        InputFault(name, "(missing)", "is no column of the table", remedy=f"columns: {', '.join(_COLUMNS)}")
        for name in _COLUMNS
        if not rows or name not in rows[0]
    ]
    values = np.zeros((len(rows), 2))
    for number, row in enumerate(rows if not faults else []):
        for place, name in enumerate(_COLUMNS):
            try:
                values[number, place] = float(row[name])
            except (TypeError, ValueError):
                faults.append(InputFault(f"{name}[{number}]", str(row[name]), "is no number", remedy="write a number"))
    if not faults and not (np.isfinite(values).all() and (values >= 0.0).all() and values[:, 1].any()):
        problem = "holds a value below 0, or no pressure above it"
        faults.append(InputFault("table", path.name, problem, ">= 0", remedy="give radii and pressures of a wafer"))
    if not faults and not (len(rows) > 1 and (np.diff(values[:, 0]) > 0.0).all()):
        faults.append(InputFault("radius_mm", path.name, "does not rise from row to row", remedy="sort the table"))
    if faults:
        raise InputError(str(path), tuple(faults))
    return values[:, 0], values[:, 1]


def write_density(layer: LayerStudy, top: str, path: Path) -> Path:
    """Write the density file of wafers patterned with a layer, as `stack.density` of a lot names it."""
    from planaris.formats import dump_density
    from planaris.planarity import density_areas

    films = ", ".join(f"{film.material} {film.thickness_nm:g} nm" for film in layer.process.stack.up)
    comment = f"Layer {layer.name} of {top} before {layer.process.name}. The lot's films are the up places': {films}."
    path.write_text(dump_density(f"{top} {layer.name}", density_areas(layer.maps, layer.process), comment), "utf-8")
    return path
