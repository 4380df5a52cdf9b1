"""The wire to a PLC that speaks OPC UA: the port's side, and the server that puts a twin behind the same wire.

Needs the extra ``opcua`` (asyncua, LGPL, used unmodified).
"""

from planaris.hardware.opcua.port import OpcuaPort, identify
from planaris.hardware.opcua.server import PlcServer
from planaris.hardware.opcua.space import Identity, tags_digest

__all__ = [
    "Identity",
    "OpcuaPort",
    "PlcServer",
    "identify",
    "tags_digest",
]
