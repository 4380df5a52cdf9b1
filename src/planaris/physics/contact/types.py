"""Types of the contact room."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.float64]
Single: TypeAlias = NDArray[np.float32]
