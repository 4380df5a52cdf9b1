"""Process package: every number with its source, trust grade, interval and, where borrowed, what would fix it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from planaris.model import InputError, InputFault
from planaris.processes.reading import Reader, with_parts

GRADES: Mapping[str, str] = MappingProxyType(
    {
        "T": "printed in a table or text",
        "I": "read from a page image",
        "V": "read from a vector figure",
        "F": "read off a curve, 3-5 % unless said",
        "S": "seen only in a summary",
        "D": "derived by this project from cited data",
        "B": "textbook constant",
        "A": "assumed, engineering judgement",
    }
)


@dataclass(frozen=True, slots=True)
class SourcedNumber:
    """One number and why anyone should believe it.

    ``interval`` is the 95 % interval of a fit or, for a borrowed or assumed number, the range of what the
    sources say. ``borrowed`` marks a number that the package's own data cannot identify; ``fixed_by`` then
    says which measurement would.
    """

    value: float
    unit: str
    source: str
    grade: str
    interval: tuple[float, float] | None = None
    borrowed: bool = False
    note: str = ""
    fixed_by: str = ""


@dataclass(frozen=True, slots=True)
class FilmEntry:
    """One film that the package knows: its material and the prefix of its removal law's numbers.

    ``laws`` has one prefix for every slurry, or one for each slurry line where the lines carry different slurries: a
    removal law belongs to a pair of film and slurry.
    """

    material: str
    laws: tuple[str, ...]

    @property
    def law(self) -> str:
        """Prefix of the law under the slurry of line 1."""
        return self.laws[0]


@dataclass(frozen=True, slots=True)
class ProcessPackage:
    """Films, slurry, pad and law of one process. ``numbers`` is keyed by dotted name: ``law.kp_m2_N``."""

    name: str
    version: str
    title: str
    wafer_mm: float
    slurry: str
    pad: str
    films: tuple[FilmEntry, ...]
    numbers: Mapping[str, SourcedNumber]
    notes: tuple[str, ...] = ()

    def value(self, name: str) -> float:
        """Return the value of a dotted name; raise KeyError that names the package and what stands nearby."""
        if name not in self.numbers:
            group = name.rsplit(".", 1)[0] + "."
            nearby = ", ".join(n for n in self.numbers if n.startswith(group)) or "no number in that group"
            raise KeyError(f"process package {self.name} has no {name}; it has: {nearby}")
        return self.numbers[name].value

    def group(self, prefix: str) -> dict[str, float]:
        """Return the values below a prefix, keyed by the rest of the name: ``group("law")["kp_m2_N"]``."""
        start = prefix + "."
        return {n.removeprefix(start): v.value for n, v in self.numbers.items() if n.startswith(start)}

    @property
    def slurry_lines(self) -> int:
        """How many slurry lines the package tells apart; 1 where every line carries the same slurry."""
        return max(len(film.laws) for film in self.films)

    def law_of(self, material: str, slurry_line: int = 1) -> str:
        """Return the prefix of a film's removal law under a line's slurry; raise KeyError naming what is known."""
        for film in self.films:
            if film.material == material:
                if len(film.laws) == 1:
                    return film.law
                if 1 <= slurry_line <= len(film.laws):
                    return film.laws[slurry_line - 1]
                raise KeyError(
                    f"process package {self.name} has no slurry on line {slurry_line}; it has lines 1-{len(film.laws)}"
                )
        known = ", ".join(film.material for film in self.films)
        raise KeyError(f"process package {self.name} has no film {material}; it has: {known}")

    @property
    def borrowed(self) -> tuple[str, ...]:
        """Names of the numbers that the package's own data cannot identify."""
        return tuple(name for name, number in self.numbers.items() if number.borrowed)

    def as_rows(self) -> list[dict[str, object]]:
        """Return one plain dictionary per number, for records and reports."""
        rows: list[dict[str, object]] = []
        for name, n in self.numbers.items():
            row: dict[str, object] = {
                "name": name,
                "value": n.value,
                "unit": n.unit,
                "source": n.source,
                "grade": n.grade,
                "borrowed": n.borrowed,
            }
            if n.interval is not None:
                row["interval"] = list(n.interval)
            if n.note:
                row["note"] = n.note
            if n.fixed_by:
                row["fixed_by"] = n.fixed_by
            rows.append(row)
        return rows


def _parts(name: object, origin: str) -> dict[str, object]:
    """Read a file of numbers that packages share."""
    folder = resources.files("planaris.processes").joinpath("parts")
    known = sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    if name not in known:
        fault = InputFault("parts", str(name), "no such parts file", ", ".join(known), remedy="use one of these")
        raise InputError(origin, (fault,))
    return tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def package_names() -> tuple[str, ...]:
    """Return the names of the packages that come with Planaris."""
    here = resources.files("planaris.processes")
    return tuple(sorted(f.name.removesuffix(".toml") for f in here.iterdir() if f.name.endswith(".toml")))


def load_package(name_or_path: str | Path) -> ProcessPackage:
    """Load a package by name (shipped with Planaris) or by path of a TOML file; raise InputError with all faults."""
    given = str(name_or_path)
    if isinstance(name_or_path, Path) or given.endswith(".toml") or "/" in given:
        try:
            return parse_package(Path(given).read_text(encoding="utf-8"), given)
        except (OSError, UnicodeDecodeError) as error:
            fault = InputFault("process_package", given, f"cannot be read: {error}", remedy="give a TOML file in UTF-8")
            raise InputError(given, (fault,)) from error
    if given not in package_names():
        known = ", ".join(package_names())
        fault = InputFault("process_package", given, "no such package", known, remedy="use one of these or a path")
        raise InputError(given, (fault,))
    text = resources.files("planaris.processes").joinpath(given + ".toml").read_text(encoding="utf-8")
    return parse_package(text, given + ".toml")


def parse_package(text: str, origin: str) -> ProcessPackage:
    """Parse a package's TOML text; raise InputError listing every fault found in it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(origin, (InputFault(origin, "", f"is not TOML: {error}"),)) from error
    if "parts" in raw:
        raw = with_parts(raw, _parts(raw["parts"], origin))
    read = Reader(raw, tuple(GRADES))
    sources = read.sources()
    films = tuple(FilmEntry(material, laws) for material, laws in read.films())
    numbers = {
        name: SourcedNumber(
            entry.value,
            entry.unit,
            "; ".join(sources.get(key, key) for key in entry.sources),
            entry.grade,
            entry.interval,
            entry.borrowed,
            entry.note,
            entry.fixed_by,
        )
        for name, entry in read.numbers(sources).items()
    }
    read.check_laws(films=[(f.material, law) for f in films for law in f.laws], names=set(numbers))
    package = ProcessPackage(
        name=read.text("name"),
        version=read.text("version"),
        title=read.text("title"),
        wafer_mm=read.positive("wafer_mm"),
        slurry=read.text("slurry"),
        pad=read.text("pad"),
        films=films,
        numbers=MappingProxyType(numbers),
        notes=read.texts("notes"),
    )
    if read.faults:
        raise InputError(origin, tuple(read.faults))
    return package
