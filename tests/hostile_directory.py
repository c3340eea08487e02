# SPDX-License-Identifier: LGPL-2.1-or-later
"""A directory in which somebody has left modules that say that they were run."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What this program, or a Python that starts, imports; and the program itself.
_MODULES = ("ctypes", "drgn", "encodings", "json", "multiprocessing", "pickle", "site", "struct")
_CODE = "open({path!r}, 'w').close()\n"

GUARD = """
from inspector.freezer.guard import guarded
with guarded("inspector_of_a_test"):
    print("armed")
"""
"""Prints ``armed`` where the guard has started."""

SUDO_LINE = """
import sys
from inspector.cli.main import sudo_line
sys.argv = sys.argv[1:2]
print(sudo_line(["frames", "--demo", "--syscall", "fork"]))
"""
"""Prints the line for a program that was started as its argument says."""


@dataclass(frozen=True, slots=True)
class HostileDirectory:
    """:ivar path: the directory
    :ivar marks: where each module that was run leaves a file of its name
    """

    path: Path
    marks: Path

    def ran(self) -> list[str]:
        """The modules that were run."""
        return sorted(mark.name for mark in self.marks.iterdir())

    def script(
        self, python: str, code: str, *arguments: str, env: Mapping[str, str] | None = None
    ) -> str:
        """What a script that lies elsewhere prints when it is started in the directory."""
        path = self.marks.parent / "script.py"
        path.write_text(code)
        argv = [python, str(path), *arguments]
        done = subprocess.run(
            argv, cwd=self.path, env=env, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout


def hostile_directory(base: Path) -> HostileDirectory:
    """One in the empty directory ``base``."""
    hostile = HostileDirectory(base / "hostile", base / "marks")
    for directory in (hostile.path, hostile.marks, hostile.path / "inspector"):
        directory.mkdir()
    files = {name: f"{name}.py" for name in _MODULES} | {"inspector": "inspector/__init__.py"}
    for name, file in files.items():
        (hostile.path / file).write_text(_CODE.format(path=str(hostile.marks / name)))
    return hostile
