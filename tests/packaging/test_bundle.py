# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bundled executable, where there is no Python, no network, and nothing but a C library."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from labkit.command import isolated, program
from packkit.bundle import build_bundle

from tests.conftest import Inspector

# PyInstaller takes more than a minute of CPU time.
pytestmark = pytest.mark.soak

# Every distribution's package manager needs both.
LIBRARIES = ("libc6", "zlib1g")

Bare = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """Runs the bundle in a root of its own."""
    root = tmp_path_factory.mktemp("bare")
    listed = subprocess.run(["dpkg-query", "-L", *LIBRARIES], stdout=subprocess.PIPE, check=True)
    for name in listed.stdout.decode().split():
        if ".so" in Path(name).name and Path(name).is_file():
            (root / name[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, root / name[1:])
    for directory in ("tmp", "proc"):
        (root / directory).mkdir()
    log = tmp_path_factory.mktemp("bundle") / "log"
    shutil.move(build_bundle(log.parent, log), root / "inspector")
    assert not [path for path in root.rglob("*") if "python" in path.name]
    enter = isolated([program("chroot", "coreutils"), str(root), "/inspector"])
    argv = [enter[0], "--net", *enter[1:]]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*argv, *arguments],
            env={"NO_COLOR": "1", "COLUMNS": "100", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_it_reports_what_the_checkout_reports(bare: Bare, inspector: Inspector) -> None:
    arguments = ("report", "--demo", "--format", "json")
    there, here = bare(*arguments), inspector(*arguments)
    assert json.loads(there.stdout) == json.loads(here.stdout)
    assert (there.returncode, there.stderr) == (here.returncode, "")


@pytest.mark.parametrize(
    "command",
    ["diff", "explain", "probe kernel_clone", "report --format html", "repl -e bt"],
)
def test_a_command_says_what_it_says_in_the_checkout(
    command: str, bare: Bare, inspector: Inspector
) -> None:
    here = inspector(*command.split(), "--demo")
    assert bare(*command.split(), "--demo").stdout == here.stdout
    assert here.stdout


def test_it_carries_the_modules_source(bare: Bare, root: Path) -> None:
    code = "from inspector.freezer.loading import sources"
    told = "print({s.name: __import__('hashlib').sha256(s.read_bytes()).hexdigest() for s in x})"
    result = bare("repl", "--demo", "-e", code, "-e", "x = sources()", "-e", told)
    kmod = root / "inspector/freezer/kmod"
    wanted = {
        name: hashlib.sha256((kmod / name).read_bytes()).hexdigest()
        for name in sorted(os.listdir(kmod))
        if name.endswith((".c", ".h")) or name in ("Kbuild", "Makefile")
    }
    assert result.stdout.strip() == str(wanted)


def test_what_it_starts_has_the_libraries_of_the_machine(bare: Bare) -> None:
    code = "print(__import__('os').environ.get('LD_LIBRARY_PATH'))"
    assert bare("repl", "--demo", "-e", code).stdout == "None\n"
