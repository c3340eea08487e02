# SPDX-License-Identifier: LGPL-2.1-or-later
"""The wheel of this checkout, and which Pythons it is for."""

import configparser
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from labkit.command import run
from labkit.wheels import CHECKOUT, pip


def build_wheel(to: Path, log: Path) -> Path:
    """Made from a copy: in the checkout itself, files that are gone would come from ``build/``."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for name in _files():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, copy / name)
        run([pip(log), "wheel", "--no-deps", "--wheel-dir", str(to), str(copy)], log, limit=300)
    (wheel,) = to.glob("frame_inspector-*.whl")
    return wheel


def oldest_python() -> str:
    """The oldest Python that setup.cfg says is supported, as "3.10"."""
    return _setup()["options"]["python_requires"].removeprefix(">=")


def newest_python() -> str:
    """The newest one."""
    text = _setup()["metadata"]["classifiers"]
    minors = re.findall(r"^Programming Language :: Python :: 3\.(\d+)$", text, re.MULTILINE)
    return f"3.{max(map(int, minors))}"


def _setup() -> configparser.ConfigParser:
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    return setup


def _files() -> list[str]:
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True, text=True)
    return [name for name in listed.stdout.split("\0") if name and (CHECKOUT / name).is_file()]
