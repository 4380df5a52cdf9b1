"""Read a layout and find the merged density of every layer in 50 µm windows, against KLayout in the same run.

KLayout is GPL-3.0, so it lives in an environment of its own, `.venv-bench`, that this benchmark makes with pip on its
first run, and works in a process of its own. Both read the packed file, merge each layer's shapes flat (KLayout) or
without flattening (Planaris), and both give areas per window, which must agree. The layouts are the largest file and
the one with most shapes in a folder that PLANARIS_LAYOUTS names; without it the benchmark does not run. Processor time
of one thread; each works twice, in turns, and the faster run of each counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmark_result import Better, NotRunError, Result
from layout_tables import WINDOW_DBU, LayerReference, layouts_of
from planaris.planarity import layer_maps, read_layout

NAME = "layout"
LONG = True
ENVIRONMENT = Path(__file__).parents[1] / ".venv-bench"
PEER = "klayout==0.30.12"
ASKED_RATIO = 0.5
REPEATS = 2
PEER_LIMIT_S = 1800.0

_PEER_PROGRAM = """
import json, sys, time
import klayout.db as db
import numpy as np
path, layers, window, out = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
begin = time.process_time()
layout = db.Layout()
layout.read(path)
top = next(c for c in layout.top_cells() if c.name != "$$$CONTEXT_INFO$$$")
box = top.bbox()
nx, ny = -(-box.width() // window), -(-box.height() // window)
areas = {}
for name, keys in layers.items():
    region = db.Region()
    for layer, datatype in keys:
        index = layout.find_layer(layer, datatype)
        if index is not None:
            region += db.Region(top.begin_shapes_rec(index))
    region.merge()
    areas[name] = region.rasterize(db.Point(box.left, box.bottom), db.Vector(window, window), nx, ny)
took = time.process_time() - begin
np.savez(out, **{name: np.array(rows, dtype=float) for name, rows in areas.items()})
print(json.dumps({"processor_s": took}))
"""


def peer_python() -> str:
    """Return the Python of the peer's environment, made if it is not there."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    probe = subprocess.run([python, "-c", "import klayout.db, numpy"], capture_output=True, check=False)
    if probe.returncode:
        command = [str(python), "-m", "pip", "install", "--quiet", PEER, "numpy"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotRunError(f"cannot install {PEER}: {done.stderr.strip().rpartition(chr(10))[2]}")
    return str(python)


def theirs(python: str, path: Path, layers: list[LayerReference]) -> tuple[float, dict[str, np.ndarray]]:
    """Return processor time and areas per window of KLayout."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "areas.npz"
        keys = json.dumps({layer.name: layer.keys for layer in layers})
        done = subprocess.run(
            [python, "-c", _PEER_PROGRAM, str(path), keys, str(WINDOW_DBU), str(out)],
            capture_output=True, text=True, check=False, timeout=PEER_LIMIT_S,
        )  # fmt: skip
        if done.returncode:
            raise NotRunError(f"KLayout: {done.stderr.strip().rpartition(chr(10))[2]}")
        with np.load(out) as areas:
            return float(json.loads(done.stdout)["processor_s"]), {name: areas[name] for name in areas.files}


def ours(path: Path, layers: list[LayerReference], *, outline: bool) -> tuple[float, dict[str, np.ndarray]]:
    """Return processor time (the child that reads the file first counted) and areas per window of Planaris."""
    begin = time.process_time() + _children_s()
    layout = read_layout(path, {key for layer in layers for key in layer.keys})
    found = layer_maps(layout, {layer.name: layer.keys for layer in layers}, WINDOW_DBU, outline=outline)
    took = time.process_time() + _children_s() - begin
    return took, {name: maps.density * maps.inside * float(WINDOW_DBU) ** 2 for name, maps in found.items()}


def _children_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _chosen(folder: Path) -> list[tuple[str, Path, list[LayerReference]]]:
    found = layouts_of(folder)
    by_size = max(found, key=lambda path: path.stat().st_size)
    with (folder / "reference" / "densities.csv").open(encoding="utf-8") as file:
        lines = [line.split(",") for line in file.read().splitlines()[1:]]
    counts = {path: sum(int(c[3]) + int(c[4]) for c in lines if path.name == f"{c[0]}.gds.gz") for path in found}
    by_shapes = max(found, key=counts.__getitem__)
    return [("largest file", by_size, found[by_size]), ("most shapes", by_shapes, found[by_shapes])]


def run() -> list[Result]:
    """Compare on two layouts; say on the error stream what each took."""
    named = os.environ.get("PLANARIS_LAYOUTS")
    if not named:
        raise NotRunError("PLANARIS_LAYOUTS names no folder of layouts")
    python = peer_python()
    results: list[Result] = []
    for words, path, layers in _chosen(Path(named)):
        peer_s, own_s, full_s = list[float](), list[float](), list[float]()
        worst = 0.0
        for _ in range(REPEATS):
            took, areas = theirs(python, path, layers)
            peer_s.append(took)
            took, mine = ours(path, layers, outline=False)
            own_s.append(took)
            full_s.append(ours(path, layers, outline=True)[0])
            worst = max(float(np.abs(areas[name] - mine[name]).max()) for name in mine) / WINDOW_DBU**2
            if worst > 1e-6:
                raise NotRunError(f"densities of {path.name} differ by {worst:.1e}")
        print(
            f"  {path.name}, {len(layers)} layers: KLayout {min(peer_s):.2f} s, Planaris {min(own_s):.2f} s, with "
            f"outlines {min(full_s):.2f} s of processor time; densities differ by at most {worst:.1e}",
            file=sys.stderr, flush=True,
        )  # fmt: skip
        against = f"of {PEER}'s time, asked"
        for label, value in (("density", min(own_s)), ("density and outline", min(full_s))):
            results.append(
                Result(f"{words}, read + {label}", value / min(peer_s), "x", ASKED_RATIO, Better.LESS, against)
            )
    return results
