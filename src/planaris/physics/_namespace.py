"""Array namespace: physics runs on whatever arrays it is given, NumPy unless one of them says otherwise."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Annotated as NumPy so that callers get types; any array of the array-API standard will do.
Array: TypeAlias = NDArray[np.float64]
ArrayLike: TypeAlias = NDArray[np.float64] | float
_OURS = frozenset({np.ndarray, np.float64, float, int, bool, type(None)})


def array_namespace(*arrays: object) -> Any:
    """Return the namespace of the first argument that is a foreign array, else NumPy.

    Python and NumPy scalars take part in any namespace, so they do not decide.
    """
    for array in arrays:
        if type(array) in _OURS or isinstance(array, np.generic):
            continue
        namespace_of = getattr(array, "__array_namespace__", None)
        if namespace_of is not None:
            return namespace_of()
    return np


def column(values: ArrayLike) -> ArrayLike:
    """Append an axis of length one to an array, so that edges in time meet radii; leave a number alone."""
    return values if isinstance(values, (float, int)) or values.ndim == 0 else values[..., None]
