# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the program starts runs nothing from the directory that it is started in."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.errors import FreezeError
from inspector.freezer.guard import guarded
from tests.answers import PROGRAM
from tests.hostile_directory import GUARD, SUDO_LINE, HostileDirectory


def test_a_module_that_is_started_by_name_is_the_directorys(hostile: HostileDirectory) -> None:
    """The tests below can fail: this is how the guard was started."""
    argv = [sys.executable, "-m", "inspector.freezer.guard", "module"]
    subprocess.run(argv, cwd=hostile.path, stdin=subprocess.DEVNULL, check=False)
    assert "inspector" in hostile.ran()


def test_the_guard_starts_and_runs_nothing_of_the_directory(hostile: HostileDirectory) -> None:
    assert hostile.script(sys.executable, GUARD) == "armed\n"
    assert hostile.ran() == []


def test_nothing_begins_without_a_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(FreezeError), guarded("inspector_of_a_test"):
        raise AssertionError("it was armed")


def test_the_sudo_line_names_the_installed_program(hostile: HostileDirectory) -> None:
    line = hostile.script(sys.executable, SUDO_LINE, str(PROGRAM))
    assert shlex.split(line)[:2] == ["sudo", str(PROGRAM)]


@pytest.mark.parametrize("started", [str(PROGRAM), "-m"])
def test_the_sudo_line_does_the_same_and_runs_nothing_of_the_directory(
    started: str, hostile: HostileDirectory
) -> None:
    sudo, *argv = shlex.split(hostile.script(sys.executable, SUDO_LINE, started))
    assert sudo == "sudo"
    ran = subprocess.run(argv, cwd=hostile.path, env={}, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"fork" in ran.stdout
    assert hostile.ran() == []


def test_no_other_place_starts_a_python(root: Path) -> None:
    sources = (root / "inspector").rglob("*.py")
    naming = {str(s.relative_to(root)) for s in sources if "sys.executable" in s.read_text()}
    # sudo.py names the bundle's own executable.
    assert naming == {"inspector/processes/isolated.py", "inspector/cli/main.py"}
