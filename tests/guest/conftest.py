# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real kernels, booted and crashed once a session by scripts/lab.

FRAME_INSPECTOR_LAB names a directory that keeps the runs, to look at or use again by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector

Play = Callable[..., "Crash"]

SUITES = ("bullseye", "bookworm", "trixie", "sid")
# Of panics and deaths; zoos of held CPUs and guests that live are not played on 7.3.
MATRIX = (*SUITES, "trixie-backports")
LEAST_SUITES = 3
# What the inspector says of a guest while it is paused, by its monitor.
QMP_FRAMES = (
    f"{Path(sys.executable).parent}/inspector frames --qemu $LAB_QMP --with-records --format json"
    " > $LAB_OUTPUT/qmp.json"
)
# The plain run of scripts/test boots one kernel, for these; the others are of the matrix.
ONE = "bookworm"
PLAIN = ("test_crash.py", "test_deaths.py", "test_freeze.py", "test_live.py")
# Tests that no run has seen green yet, on these kernels: a soak run plays them, not the matrix.
UNSEEN = {
    "test_a_probe_may_outlive_the_module_that_it_is_in",
    "test_a_kernel_that_is_locked_down_takes_no_probe_and_shows_no_memory",
    "test_hung_is_who_the_kernel_says_is_hung",
    "test_mappings_are_named_as_in_proc_maps[bullseye]",
    "test_mappings_are_named_as_in_proc_maps[sid]",
    "test_a_distilled_dump_says_what_the_whole_one_says_or_that_it_is_not_there",
    "test_the_symbols_of_the_image_stand_in_for_those_that_kallsyms_lacks",
    "test_the_access_is_what_the_cpu_says[trixie-null]",
    "test_a_report_begins_with_the_death[trixie-null]",
    "test_one_death_has_one_signature_and_two_deaths_have_two",
}
_MISSING = pytest.StashKey[dict[str, str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs more than the one kernel of the plain run: others, or its DWARF."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            played = getattr(item, "callspec", None)
            suite = played.params.get("suite", ONE) if played else ONE
            dwarf = "vmlinux" in getattr(item, "fixturenames", ())
            if item.path.name not in PLAIN or suite != ONE or dwarf:
                item.add_marker(pytest.mark.matrix)
            if UNSEEN & {item.name, item.name.partition("[")[0]}:
                item.add_marker(pytest.mark.soak)


@dataclass(frozen=True)
class Crash:
    """What one run of the lab left: the dump, and what the guest itself knew."""

    directory: Path

    @property
    def vmcore(self) -> Path:
        return self.directory / "vmcore"

    @property
    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads((self.directory / "facts.json").read_text())
        return facts

    @property
    def traps(self) -> str:
        """QEMU's log of every int3 that the CPU took."""
        return (self.directory / "int.log").read_text()

    def symbol(self, name: str) -> int:
        return int(self.facts["symbols"][name], 16)


@pytest.fixture(scope="session")
def lab(root: Path) -> Callable[..., str]:
    def run(*arguments: str | Path) -> str:
        result = subprocess.run(
            [root / "scripts/lab", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            timeout=1200,
            check=False,
        )
        assert result.returncode == 0, f"scripts/lab {arguments} failed"
        return result.stdout

    return run


@dataclass(frozen=True)
class LiveGuest:
    """A guest that runs, with this checkout's inspector in its PATH (scripts/lab boot)."""

    lab: Path
    directory: Path

    def run(
        self, script: str, user: str = "root", limit: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run ``script`` by the guest's ``sh``; what it leaves running may outlive it."""
        how = ("--user", user, "--limit", str(limit))
        argv: list[str | Path] = [self.lab, "in", *how, self.directory, script]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    def ask(self, command: str, **arguments: object) -> Any:
        """What QEMU's monitor answers, by another connection than :attr:`qmp`."""
        argv: list[str | Path] = [self.lab, "qmp", self.directory, command, json.dumps(arguments)]
        return json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout)

    @property
    def qmp(self) -> str:
        """The address of its monitor."""
        return str(json.loads((self.directory / "guest.json").read_text())["qmp"])

    @property
    def serial(self) -> str:
        """What its kernel has logged."""
        return (self.directory / "serial.log").read_text(errors="replace")


Boot = Callable[..., "AbstractContextManager[LiveGuest]"]


@pytest.fixture(scope="session")
def boot(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Boot:
    """Boots a guest of a suite, for as long as a block lasts."""

    @contextmanager
    def booted(suite: str, *options: str) -> Iterator[LiveGuest]:
        directory = tmp_path_factory.mktemp(f"live-{suite}")
        argv: list[str | Path] = [root / "scripts/lab", "boot", "--suite", suite, *options]
        with subprocess.Popen(
            [*argv, "-o", directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", f"{suite} did not boot: {directory}"
            try:
                yield LiveGuest(root / "scripts/lab", directory)
            finally:
                process.stdin.close()
                process.wait(60)

    return booted


@pytest.fixture(scope="session")
def play(lab: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Play:
    kept = os.environ.get("FRAME_INSPECTOR_LAB")
    base = Path(kept) if kept else tmp_path_factory.mktemp("lab")
    played: dict[str, Crash] = {}

    def scenario(name: str, suite: str = "bookworm", *options: str) -> Crash:
        key = f"{suite}-{name}"
        if key not in played or not played[key].vmcore.exists():  # one may be removed when read
            directory = base / key
            if not (kept and (directory / "vmcore").exists()):
                _boot(lab, name, "--suite", suite, "-o", directory, *options)
            played[key] = Crash(directory)
        return played[key]

    return scenario


# A zoo is up in 25 to 45 s. Its 24 emulated CPUs now and then hang while the kernel patches
# its own text (QEMU 7.2) or lose an interrupt on the way: such a guest never gets to the dump.
_ZOO_SECONDS = "120"
_TRIES = 4


def _boot(lab: Callable[..., str], name: str, *arguments: str | Path) -> None:
    """Play ``name``. What is measured is the dump, so a guest may come up at a later try."""
    limit = ("--limit", _ZOO_SECONDS) if name.startswith("zoo") else ()
    for tries_left in reversed(range(_TRIES)):
        try:
            lab(name, *arguments, *limit)
            return
        except AssertionError as error:
            sys.stderr.write(f"{error}; tries left: {tries_left}\n")
            if not tries_left:
                raise


@pytest.fixture(scope="session")
def kernels(play: Play, pytestconfig: pytest.Config) -> dict[str, Crash]:
    """A panicked guest of every suite that boots here, dumped by QEMU.

    Suites roll, and a mirror may have dropped one: that is named at the end of the run, and
    too few of them, or a missing one in a soak run, is a failure (test_matrix.py).
    """
    booted, missing = {}, pytestconfig.stash.setdefault(_MISSING, {})
    for suite in MATRIX:
        try:
            booted[suite] = play("qemu-dump", suite, "--while-paused", QMP_FRAMES)
        except AssertionError as error:
            missing[suite] = str(error)
    return booted


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for suite, reason in config.stash.get(_MISSING, {}).items():
        terminalreporter.write_line(f"NOT BOOTED, NOT TESTED: {suite}: {reason}", red=True)


@pytest.fixture(scope="session")
def crash(play: Play) -> Crash:
    """A panic in an int3 kprobe of framefreeze, saved by kexec and makedumpfile."""
    return play("crash")


@pytest.fixture(scope="session")
def vmlinux(lab: Callable[..., str]) -> Path:
    """The lab kernel's image with DWARF."""
    return Path(json.loads(lab("fetch", "--dwarf"))["vmlinux"])


@pytest.fixture(scope="session")
def distilled(crash: Crash, inspector: Inspector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same crash, distilled."""
    small = tmp_path_factory.mktemp("distilled") / "small.vmcore"
    result = inspector("distill", crash.vmcore, "-o", small)
    assert (result.returncode, result.stderr) == (0, "")
    return small


def frames(inspector: Inspector, *arguments: str | Path) -> list[dict[str, Any]]:
    """The frames of a target as the JSON contract gives them; the answer must be whole."""
    result = inspector("frames", *arguments, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert answer["schema"] == "inspector.frames/1"
    assert answer["missing"] == []
    found: list[dict[str, Any]] = answer["frames"]
    return found
