"""Compare densities of real layouts with a reference: ``python validation/layout_densities.py FOLDER``.

FOLDER holds the layouts and a reference as `layout_tables` says; layouts have no place in the repository. Every layer
of every layout is compared: all corner windows, and mean, deviation, least, most and the chip's density over all of
them, which the reference gives with nine digits. Exit status 1 where one differs by more than 1e-6.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from layout_tables import WINDOW_DBU, layouts_of
from planaris.planarity import layer_maps, read_layout

LIMIT = 1e-6


def main(folder: Path) -> int:
    """Print a line for each layer; return the exit status."""
    worst = 0.0
    for path, layers in layouts_of(folder).items():
        begin = time.process_time()
        layout = read_layout(path, {key for layer in layers for key in layer.keys})
        found = layer_maps(layout, {layer.name: layer.keys for layer in layers}, WINDOW_DBU)
        took = time.process_time() - begin
        print(f"{path.name}: {len(layers)} layers, {took:.1f} s of processor time")
        for layer in layers:
            maps = found[layer.name]
            density, rows, columns = maps.density, *layer.corner.shape
            corner = float(np.abs(density[:rows, :columns] - layer.corner).max())
            figures = (
                density.mean() - layer.mean_all, density.std() - layer.std_all, density.min() - layer.min_all,
                density.max() - layer.max_all, maps.mean_density - layer.chip_density,
            )  # fmt: skip
            whole = max(abs(float(value)) for value in figures)
            worst = max(worst, corner, whole)
            print(f"  {layer.name:<10} corner windows {corner:.1e}  figures of all windows {whole:.1e}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    print(f"largest difference {worst:.1e}, limit {LIMIT:.0e}; peak memory {peak_mb:.0f} MB")
    return int(worst > LIMIT)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__)
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1])))
