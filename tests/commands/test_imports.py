# SPDX-License-Identifier: LGPL-2.1-or-later
"""Help comes at once: nothing slow is imported for it, nor for an answer that needs it not."""

import subprocess
import sys

import pytest

from inspector.commands.catalogue import COMMANDS

_SLOW = ("drgn", "rich", "prompt_toolkit", "capstone", "qemu", "distributed", "duckdb", "pyarrow")

_PROGRAM = """
import sys
from inspector.cli.main import main
status = main(sys.argv[2:])
slow = sorted(name for name in sys.argv[1].split(",") if name in sys.modules)
print("imported:", *slow, file=sys.stderr)
sys.exit(status)
"""


def imported(*arguments: str, of: tuple[str, ...] = _SLOW) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM, ",".join(of), *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = result.stderr.splitlines()
    return line.removeprefix("imported:").split()


def test_the_test_sees_imports() -> None:
    assert imported("frames", "--demo") == ["drgn", "rich"]


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_imports_nothing_slow(command: str | None) -> None:
    assert imported(*([command] if command else []), "--help") == []


@pytest.mark.parametrize("command", [(), ("run",), ("query",), ("compare",)])
def test_help_of_the_fleet_imports_nothing_slow(command: tuple[str, ...]) -> None:
    assert imported("fleet", *command, "--help") == []


@pytest.mark.parametrize("output", ["json", "jsonl", "csv"])
def test_frames_for_a_program_import_no_renderer_of_terminals_and_no_disassembler(
    output: str,
) -> None:
    assert imported("frames", "--demo", "--format", output) == ["drgn"]


def test_an_answer_imports_none_of_drgns_plugins() -> None:
    plugins = ("drgn.commands._crash", "inspector.drgn_plugin")
    assert imported("frames", "--demo", "--format", "json", of=plugins) == []
