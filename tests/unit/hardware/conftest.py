"""What the tests of the seam share."""

from __future__ import annotations

import pytest
from contract_rigs import LOCAL, RIGS
from port_rigs import MakeRig

from planaris.hardware import PortKind


@pytest.fixture(params=sorted(RIGS))
def make(request: pytest.FixtureRequest) -> MakeRig:
    """Maker of each kind of port under contract; call it inside the loop."""
    kind: PortKind = request.param
    return RIGS[kind]


@pytest.fixture(params=LOCAL)
def local(request: pytest.FixtureRequest) -> MakeRig:
    """Maker of each kind of port without a wire."""
    kind: PortKind = request.param
    return RIGS[kind]
