"""Set-up names everything that is missing in one line, and stops."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What the scripts themselves call; a fresh Debian has all of it.
BASICS = ("sh", "dirname", "cat", "cksum", "date", "rm", "sed", "grep", "tr", "mktemp", "tail")

OLD_PYTHON = "#!/bin/sh\nexit 1\n"
# Debian's python3 without python3-venv: the interpreter works, ensurepip is not there.
NO_VENV = '#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexit 0\n'


class Machine:
    """A checkout on a machine that has the basics and what a test adds."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.bin = folder / "checkout", folder / "bin"
        self.bin.mkdir()
        shutil.copytree(ROOT / "scripts", self.checkout / "scripts")
        for name in ("pyproject.toml", "uv.lock"):
            shutil.copy(ROOT / name, self.checkout)
        for name in BASICS:
            found = shutil.which(name)
            assert found, name
            (self.bin / name).symlink_to(found)

    def add(self, name: str, script: str = "#!/bin/sh\nexit 0\n") -> None:
        """Put a command on the path."""
        (self.bin / name).write_text(script, encoding="utf-8")
        (self.bin / name).chmod(0o755)

    def call(self, *command: str) -> tuple[int, list[str]]:
        """Run a script of the checkout; return status and what it said."""
        shell = shutil.which("sh") or "/bin/sh"
        done = subprocess.run(
            [shell, *command],
            cwd=self.checkout,
            env={"PATH": str(self.bin), "HOME": str(self.checkout)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_everything_missing_is_named_in_one_line(machine: Machine) -> None:
    status, said = machine.call("scripts/setup.sh", "run")
    assert status == 1
    assert said == [
        "planaris: missing: git, python3 >= 3.11 with venv (Debian, Ubuntu: apt-get install git python3 python3-venv)"
    ]
    assert not (machine.checkout / ".venv").exists()


def test_a_python_that_is_too_old_counts_as_missing(machine: Machine) -> None:
    machine.add("git")
    machine.add("python3", OLD_PYTHON)
    status, said = machine.call("scripts/setup.sh", "run")
    assert status == 1
    assert said == [
        "planaris: missing: python3 >= 3.11 with venv (Debian, Ubuntu: apt-get install python3 python3-venv)"
    ]


def test_a_python_without_venv_is_named_with_its_package(machine: Machine) -> None:
    machine.add("git")
    machine.add("python3", NO_VENV)
    status, said = machine.call("scripts/setup.sh", "dev")
    assert status == 1
    python = machine.bin / "python3"
    assert said == [f"planaris: missing: the venv module of {python} (Debian, Ubuntu: apt-get install python3-venv)"]


def test_system_packages_are_named_where_they_cannot_be_installed(machine: Machine) -> None:
    machine.add("id", "#!/bin/sh\necho 1000\n")
    machine.add("sudo", "#!/bin/sh\nexit 1\n")
    status, said = machine.call("scripts/system_packages.sh")
    assert status == 1
    wanted = "chromium fontconfig fonts-wqy-microhei"
    assert said == [f"planaris: missing for the tests: {wanted} (Debian, Ubuntu: sudo apt-get install {wanted})"]


def test_system_packages_that_are_there_are_left_alone(machine: Machine) -> None:
    machine.add("chromium")
    machine.add("fc-list", "#!/bin/sh\necho /usr/share/fonts/wqy-microhei.ttc\n")
    assert machine.call("scripts/system_packages.sh") == (0, [])


def test_a_machine_without_chinese_letters_is_told_the_fonts(machine: Machine) -> None:
    machine.add("id", "#!/bin/sh\necho 1000\n")
    machine.add("sudo", "#!/bin/sh\nexit 1\n")
    machine.add("chromium")
    machine.add("fc-list", "#!/bin/sh\n")
    status, said = machine.call("scripts/system_packages.sh")
    assert (status, "fonts-wqy-microhei" in said[0], "chromium" in said[0]) == (1, True, False)
