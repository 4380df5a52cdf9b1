"""Process packages: films, slurry, pad and removal law as cited data. Plain numbers, no physics."""

from planaris.processes.package import (
    GRADES,
    FilmEntry,
    ProcessPackage,
    SourcedNumber,
    load_package,
    package_names,
    parse_package,
)

__all__ = [
    "GRADES",
    "FilmEntry",
    "ProcessPackage",
    "SourcedNumber",
    "load_package",
    "package_names",
    "parse_package",
]
