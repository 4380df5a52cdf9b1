"""The REST interface: history, recipes, files, and what would happen if."""

from __future__ import annotations

from planaris.hmi.hub import Hub
from planaris.hmi.ports import PagePorts
from planaris.hmi.server import Entry


def rest_entries(ports: PagePorts, hub: Hub) -> tuple[Entry, ...]:
    """Return every path beside sign-in and accounts."""
    del ports, hub
    return ()
