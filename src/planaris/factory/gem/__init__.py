"""The equipment side of GEM (SEMI E30) as data and tables, without sockets or clock of its own."""

from planaris.factory.gem.declared import Collected, Declared, IdFormat
from planaris.factory.gem.equipment import GemEquipment
from planaris.factory.gem.settings import GemSettings
from planaris.factory.gem.tables import (
    COMMUNICATION,
    CONTROL,
    SPOOL,
    Communication,
    Control,
    IllegalTransitionError,
    Spool,
    Step,
)

__all__ = [
    "COMMUNICATION",
    "CONTROL",
    "SPOOL",
    "Collected",
    "Communication",
    "Control",
    "Declared",
    "GemEquipment",
    "GemSettings",
    "IdFormat",
    "IllegalTransitionError",
    "Spool",
    "Step",
]
