"""What comes in has a line in the decision record and a licence that lets a tool maker ship it."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError

from gate_sources import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RECORD = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
# Words of permissive licences as packages spell them (docs/decisions/0004-licences.md).
PERMISSIVE = re.compile(
    r"MIT|BSD|ISC|Apache|PSF|Python Software Foundation|Boost|BSL-1.0|Zlib|CC0|HPND|Unlicense", re.IGNORECASE
)
COPYLEFT = re.compile(r"GPL|General Public|MPL|EUPL|CDDL|SSPL|Commons Clause", re.IGNORECASE)


def name_of(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def imported_at_run_time() -> Iterator[str]:
    """Yield the run-time dependencies, direct and indirect, that are installed here (markers leave others out)."""
    waiting, seen = [name_of(r) for r in PROJECT["project"]["dependencies"]], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            needs = importlib.metadata.requires(name) or []
        except PackageNotFoundError:
            continue
        yield name
        waiting += [name_of(r) for r in needs if "extra ==" not in r]


def licence_of(name: str) -> str:
    """Return what a package says of its licence: the expression, else classifiers, else the first line of its text."""
    metadata = importlib.metadata.metadata(name)
    said = metadata.json
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    text = str(said.get("license", "")).strip().partition("\n")[0]
    return str(said.get("license_expression", "")) or "; ".join(classifiers) or text


def test_everything_imported_at_run_time_is_permissive() -> None:
    licences = {name: licence_of(name) for name in imported_at_run_time()}
    assert len(licences) > len(PROJECT["project"]["dependencies"])
    assert not {n: text for n, text in licences.items() if not PERMISSIVE.search(text) or COPYLEFT.search(text)}


def test_the_record_names_every_direct_dependency_and_no_other() -> None:
    direct = {name_of(r) for r in PROJECT["project"]["dependencies"]}
    direct |= {name_of(r) for r in PROJECT["dependency-groups"]["dev"]}
    direct |= {name_of(r) for group in PROJECT["project"].get("optional-dependencies", {}).values() for r in group}
    recorded = [row.split("|")[1].strip() for row in RECORD.splitlines() if row.startswith("| ")]
    assert sorted(direct) == sorted(set(recorded) - {"package", "---"})
