"""Write rectangles as a layout: markers of hot spots, fill."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planaris.model import InputError, InputFault

# Records that hold the time of writing, which would make two equal results unequal; 24 bytes follow.
_STAMPED, _STAMP_BYTES = (b"\x00\x1c\x01\x02", b"\x00\x1c\x05\x02"), 24


def write_rectangles(
    path: Path, cell: str, rectangles: Mapping[tuple[int, int], NDArray[np.int64]], dbu_um: float
) -> None:
    """Write rectangles [n, 4] (x0, y0, x1, y1 in dbu) by layer and datatype as one cell of a GDSII file.

    Raises `InputError` where the file cannot be written.
    """
    import gdstk

    library = gdstk.Library(unit=1e-6, precision=dbu_um * 1e-6)
    top = library.new_cell(cell)
    for (layer, datatype), boxes in rectangles.items():
        corners = np.asarray(boxes, dtype=np.float64) * dbu_um
        top.add(
            *(
                gdstk.rectangle((x0, y0), (x1, y1), layer=layer, datatype=datatype)
                for x0, y0, x1, y1 in corners.tolist()
            )
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        library.write_gds(path)
        data = bytearray(path.read_bytes())
        for record in _STAMPED:
            at = data.index(record) + len(record)
            data[at : at + _STAMP_BYTES] = bytes(_STAMP_BYTES)
        path.write_bytes(data)
    except OSError as error:
        fault = InputFault("--out", str(path), error.strerror or str(error), remedy="give a writable place")
        raise InputError(str(path), (fault,)) from error
