"""What every event is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; ``name`` is the dictionary's name.

    An ``audited`` one goes into the audit chain: what a person or a host ordered, was answered, signed or acknowledged.
    """

    name: ClassVar[str] = ""
    audited: ClassVar[bool] = False
