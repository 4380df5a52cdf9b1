"""What `planaris serve` and `planaris twin` are given alike: an address to listen at, the film of a twin's wafers."""

from __future__ import annotations

from planaris.model import InputError, InputFault
from planaris.processes import ProcessPackage

_PORTS_COUNT = 65_536


def address_of(option: str, text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT as given by ``--option``; an IPv6 host stands in []. Raises InputError."""
    host, colon, port = text.rpartition(":")
    digits = port.isascii() and port.isdecimal() and len(port) <= len(str(_PORTS_COUNT))
    if not (host and colon and digits and int(port) < _PORTS_COUNT):
        fault = InputFault(option, f'"{text}"', "is no HOST:PORT", "0-65535")
        raise InputError(f"--{option}", (fault,))
    return host.strip("[]"), int(port)


def check_film(package: ProcessPackage, film: str) -> None:
    """Raise InputError where a package has no such film."""
    known = [one.material for one in package.films]
    if film not in known:
        fault = InputFault("film", f'"{film}"', f"process package {package.name} has none", ", ".join(known))
        raise InputError("--film", (fault,))
