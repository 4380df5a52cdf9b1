"""All ports under contract.

A further port joins the contract by a rig of its own here.
"""

from __future__ import annotations

from collections.abc import Callable

from opcua_rig import OpcuaRig
from port_rigs import MockRig, Rig, TwinRig

from planaris.hardware import PortKind
from planaris.twin import LinkModel

RIGS: dict[PortKind, Callable[[LinkModel], Rig]] = {
    PortKind.MOCK: MockRig,
    PortKind.OPCUA: OpcuaRig,
    PortKind.TWIN: TwinRig,
}
# Ports that have no wire: quick enough for every combination of link, block and class.
LOCAL = tuple(sorted(set(RIGS) - {PortKind.OPCUA}))
