# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test that could not run is a failure, never a silent skip."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.answers import ENVIRONMENT, PROGRAM, Answers, write_page
from tests.hostile_directory import HostileDirectory, hostile_directory

ROOT = Path(__file__).resolve().parent.parent

WRITE_BAD_INPUT = "FRAME_INSPECTOR_WRITE_BAD_INPUT"  # the page; scripts/bad-input sets it

Inspector = Callable[..., "subprocess.CompletedProcess[str]"]

# Python ignores these itself, and gives them back to what it starts.
_PYTHONS = frozenset({signal.SIGPIPE, signal.SIGXFSZ})


def pytest_configure() -> None:
    """Take signals as a terminal gives them, whoever started the tests.

    A shell has a job in the background ignore SIGINT, nohup SIGHUP; children inherit that, and
    the program leaves a signal alone that it was told to ignore.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - _PYTHONS:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"SKIPPED IS FAILED: {report.nodeid}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    if reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def inspector() -> Inspector:
    """Runs the installed command as a user would: plain text, 100 columns, no colour."""

    def run(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=ENVIRONMENT,
        )

    return run


@pytest.fixture(scope="session")
def answers() -> Iterator[Answers]:
    """Asks the command about bad input, and knows afterwards what each kind of it cost."""
    answers = Answers()
    yield answers
    if os.environ.get(WRITE_BAD_INPUT):
        write_page(ROOT / "docs/bad-input.md", answers)


@pytest.fixture
def hostile(tmp_path_factory: pytest.TempPathFactory) -> HostileDirectory:
    """A directory to start something in whose modules must not be run."""
    return hostile_directory(tmp_path_factory.mktemp("directory"))
