# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of every command's help are run as they stand, on the shipped dump."""

from __future__ import annotations

import importlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from inspector.commands.catalogue import COMMANDS, Example, load_command
from inspector.fleet import command as fleet
from inspector.repl import command as repl
from inspector.target.spec import shipped_dump
from tests.conftest import ROOT, Inspector

_OOPS = ROOT / "tests/logs/mishaps/bookworm-null.log"
EXAMPLES: dict[str, tuple[Example, ...]] = {
    **{name: importlib.import_module(module).EXAMPLES for name, module in COMMANDS.items()},
    "repl": repl.EXAMPLES,
    **{f"fleet {name}": examples for name, examples in fleet.EXAMPLES.items()},
}

# Without a terminal a prompt runs the lines that come: here none.
_PROMPTS = (["inspector", "vmcore"], ["inspector", "repl", "--demo"])


# Nothing but a kernel that runs can be frozen: tests/guest/test_freeze.py does it.
ON_A_DUMP = [
    pytest.param(example, id=example.line)
    for command, examples in EXAMPLES.items()
    if command != "freeze"
    for example in examples
]


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory, inspector: Inspector) -> Path:
    made = tmp_path_factory.mktemp("dataset") / "crashes"
    inspector("fleet", "run", shipped_dump(None), "-o", made, "--workers", "1")
    return made


@pytest.fixture
def directory(tmp_path: Path, dataset: Path) -> Path:
    """One that holds what the examples name."""
    (tmp_path / "vmcore").symlink_to(shipped_dump(None))
    (tmp_path / "oops.txt").symlink_to(_OOPS)
    (tmp_path / "crashes").symlink_to(dataset)
    (tmp_path / "last-week").symlink_to(dataset)
    return tmp_path


@pytest.mark.parametrize("example", ON_A_DUMP)
def test_an_example_answers(example: Example, directory: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", example.line],
        cwd=directory,
        env={**os.environ, "PATH": path, "HOME": str(directory), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    # A dump without a log, and a machine that shows less than all, are partial answers.
    assert result.returncode in (0, 3), result.stderr
    assert "Traceback" not in result.stderr
    words = shlex.split(example.line)
    if "-o" in words:
        assert (directory / words[words.index("-o") + 1]).stat().st_size > 1000
    else:
        assert result.stdout or words in _PROMPTS


@pytest.mark.parametrize("example", EXAMPLES["freeze"], ids=lambda example: example.line)
def test_an_example_of_freeze_is_understood(example: Example) -> None:
    sudo, program, name, *arguments = shlex.split(example.line)
    assert (sudo, program, name) == ("sudo", "inspector", "freeze")
    command = load_command(name)
    assert isinstance(command, click.Command)
    context = command.make_context(name, arguments)
    assert context.params["places"]
    assert context.meta["inspector.commands.freeze.command"]


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_ends_with_the_examples(command: str, inspector: Inspector) -> None:
    shown = inspector(*command.split(), "--help").stdout
    told = shown.partition("Examples:")[2]
    for example in EXAMPLES[command]:
        assert f"    {example.line}\n        {example.about}" in told


@pytest.mark.parametrize("command", EXAMPLES)
def test_an_example_says_what_it_is_for_and_fits_a_terminal(command: str) -> None:
    assert len(EXAMPLES[command]) >= 2
    for example in EXAMPLES[command]:
        assert example.about.endswith(".")
        assert max(len(example.line), len(example.about)) <= 76
