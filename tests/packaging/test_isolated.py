# SPDX-License-Identifier: LGPL-2.1-or-later
"""However the package is installed, what it starts finds it, and nothing where it stands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from packkit.pythons import interpreter
from packkit.wheel import oldest_python

from tests.hostile_directory import GUARD, SUDO_LINE, HostileDirectory

# Not the environment's: one that knows nothing of it but what a test says.
PYTHON = os.path.realpath(sys.executable)
DEPENDENCIES = next(path for path in sys.path if path.endswith("site-packages"))
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"

Installed = dict[str, str]
"""The environment in which PYTHON finds the package."""


def target(wheel: Path, _root: Path, base: Path) -> Installed:
    """``pip install --target``, and PYTHONPATH."""
    _unpack(wheel, base / "target")
    return {"PYTHONPATH": f"{base}/target:{DEPENDENCIES}"}


def user(wheel: Path, _root: Path, base: Path) -> Installed:
    """``pip install --user``."""
    site = base / "user/lib" / VERSION / "site-packages"
    _unpack(wheel, site)
    (site / "dependencies.pth").write_text(f"{DEPENDENCIES}\n")
    return {"PYTHONUSERBASE": f"{base}/user"}


def editable_of_user(_wheel: Path, root: Path, base: Path) -> Installed:
    """``pip install --user --editable``."""
    site = base / "user/lib" / VERSION / "site-packages"
    site.mkdir(parents=True)
    (site / "editable.pth").write_text(f"{root}\n{DEPENDENCIES}\n")
    return {"PYTHONUSERBASE": f"{base}/user"}


def _unpack(wheel: Path, directory: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)


@pytest.mark.parametrize("install", [target, user, editable_of_user])
def test_the_guard_and_the_sudo_line_find_the_install(
    install: Callable[[Path, Path, Path], Installed],
    wheel: Path,
    root: Path,
    tmp_path: Path,
    hostile: HostileDirectory,
) -> None:
    environment = install(wheel, root, tmp_path)
    assert hostile.script(PYTHON, GUARD, env=environment) == "armed\n"
    sudo, *argv = shlex.split(hostile.script(PYTHON, SUDO_LINE, "inspector", env=environment))
    assert sudo == "sudo"
    dump = ("frames", "-c", str(root / "dumps/fork-6.1.vmcore"))
    argv = [*argv[: argv.index("frames")], *dump]
    ran = subprocess.run(argv, cwd=hostile.path, env={}, capture_output=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert hostile.ran() == []


def test_the_oldest_python_starts_the_guard(root: Path, hostile: HostileDirectory) -> None:
    python = str(interpreter(oldest_python()))
    assert hostile.script(python, GUARD, env={"PYTHONPATH": str(root)}) == "armed\n"
    assert hostile.ran() == []
