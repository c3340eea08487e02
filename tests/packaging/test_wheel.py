# SPDX-License-Identifier: LGPL-2.1-or-later
"""The wheel, installed alone: with the oldest and with the newest Python it is for."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labkit.cache import Cache
from labkit.command import run
from labkit.in_root import run_in_root
from labkit.plain_root import ensure_plain_root
from labkit.suite_root import CHROOT_SCRIPTS
from labkit.wheels import download_wheels
from packkit.pythons import interpreter
from packkit.wheel import newest_python, oldest_python

from tests.conftest import Inspector

FACTS = Path(__file__).with_name("facts.py")
NEWEST_IN = "forky"  # the Debian release whose python3 is the newest that is supported


@dataclass(frozen=True)
class Fresh:
    """What chroot/wheel.sh left."""

    python: str
    out: Path

    def json(self, name: str) -> Any:
        return json.loads((self.out / name).read_text())


def oldest(wheel: Path, base: Path) -> Fresh:
    version = oldest_python()
    wheels = base / "wheels"
    download_wheels([str(wheel)], version, wheels, base / "wheels.log")
    (base / "facts.py").write_bytes(FACTS.read_bytes())
    script = CHROOT_SCRIPTS / "wheel.sh"
    argv = ["env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C", f"HOME={base}"]
    python = str(interpreter(version))
    run([*argv, "sh", "-eux", str(script), python, str(base)], base / "log", limit=300)
    return Fresh(version, base / "out")


def newest(wheel: Path, base: Path) -> Fresh:
    """In a root that has that Python and nothing of this machine."""
    version, cache = newest_python(), Cache()
    root = ensure_plain_root(cache, f"{NEWEST_IN}-python", [NEWEST_IN], ["python3", "python3-venv"])
    wheels, out = base / "wheels", base / "out"
    download_wheels([str(wheel)], version, wheels, base / "wheels.log")
    sources = {f"wheels/{path.name}": path for path in wheels.iterdir()} | {"facts.py": FACTS}
    out.mkdir()
    run_in_root(cache, root, "wheel.sh", sources, out=out, log=base / "log")
    return Fresh(version, out)


@pytest.fixture(scope="module", params=[oldest, newest], ids=["oldest", "newest"])
def fresh(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Fresh:
    install: Callable[[Path, Path], Fresh] = request.param
    return install(wheel, tmp_path_factory.mktemp("fresh"))


def test_it_is_installed_alone_in_that_python(fresh: Fresh) -> None:
    facts = fresh.json("facts.json")
    assert ".".join(map(str, facts["python"])) == fresh.python
    assert facts["package"].startswith(f"{facts['prefix']}/lib/")
    installed = {package["name"] for package in fresh.json("installed.json")}
    assert "frame-inspector" in installed
    assert not installed & {"pytest", "mypy", "import-linter"}


def test_the_report_of_the_shipped_dump_is_the_one_of_the_checkout(
    fresh: Fresh, inspector: Inspector
) -> None:
    report = fresh.json("report.json")
    assert report == json.loads(inspector("report", "--demo", "--format", "json").stdout)
    origins = {frame["origin"] for frame in report["diff"].values() if isinstance(frame, dict)}
    assert origins == {"syscall", "int3"}
    assert (fresh.out / "report.err").read_text() == ""
    assert int((fresh.out / "report.status").read_text()) == (3 if report["missing"] else 0)


@pytest.mark.parametrize(
    "command", ["frames", "diff", "explain", "stack", "probe kernel_clone", "repl -e bt"]
)
def test_a_command_says_what_it_says_in_the_checkout(
    command: str, fresh: Fresh, inspector: Inspector
) -> None:
    here = inspector(*command.split(), "--demo")
    assert (fresh.out / command).read_text() == here.stdout
    assert here.stdout


def test_shells_find_their_files_where_the_prefix_has_them(fresh: Fresh, root: Path) -> None:
    files = {name.partition("share/")[2] for name in fresh.json("facts.json")["files"]}
    listed = subprocess.run(
        ["git", "ls-files", "share"], cwd=root, stdout=subprocess.PIPE, check=True
    )
    shared = listed.stdout.decode().split()
    assert shared
    assert files >= {name.removeprefix("share/") for name in shared}


def test_the_freezer_finds_the_modules_whole_source(fresh: Fresh, root: Path) -> None:
    kmod = root / "inspector/freezer/kmod"
    listed = subprocess.run(["git", "ls-files", "."], cwd=kmod, stdout=subprocess.PIPE, check=True)
    names = set(listed.stdout.decode().split())
    facts = fresh.json("facts.json")
    carried = {Path(name).name for name in facts["files"] if "inspector/freezer/kmod/" in name}
    assert carried == names
    assert facts["sources"] == {
        name: hashlib.sha256((kmod / name).read_bytes()).hexdigest()
        for name in names - {"dkms.conf"}  # not for a build
    }
