# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bug of this program exits 70 and names a log; the dump is not blamed for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.answers import ENVIRONMENT

OUR_FAULT = 70

# Where drgn is at work, and an error of its own would be one of the dump.
PLACES = {
    "its name": ("inspector.target.open", "vmcoreinfo", "frames"),
    "its symbols": ("inspector.target.kallsyms", "kept", "frames"),
    "its modules": ("inspector.target.open", "add_module_symbols", "frames"),
    "its log": ("inspector.kernel.log", "escape_bytes", "report"),
    "a list of its modules": (
        "inspector.kernel.machine",
        "module_address_regions",
        "report",
    ),
    "the list of its modules": ("inspector.target.modules", "list_entries", "frames"),
}
BUGS = {
    "AttributeError": "None.nothing",
    "IndexError": "[][0]",
    "KeyError": "{}['nothing']",
    "TypeError": "None + 1",
    "ValueError": "int('nothing')",
    "ZeroDivisionError": "1 // 0",
}
RAISED = ("AttributeError", "LookupError", "TypeError", "ValueError")

_PROGRAM = """
import sys
from importlib import import_module
def broken(*_arguments, **_more):
    {bug}
setattr(import_module(sys.argv[1]), sys.argv[2], broken)
from inspector.cli.main import main
sys.exit(main([sys.argv[3], "--demo"]))
"""


def broken(
    module: str, function: str, command: str, bug: str, logs: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM.format(bug=bug), module, function, command],
        env={**ENVIRONMENT, "TMPDIR": str(logs), "FRAME_INSPECTOR_NO_CACHE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def is_an_internal_error(ran: subprocess.CompletedProcess[str], kind: str, logs: Path) -> bool:
    (line,) = ran.stderr.splitlines()
    (log,) = logs.iterdir()
    told = re.search(rf"\b{kind}\b", line) is not None and str(log) in line
    return ran.returncode == OUR_FAULT and told and f"{kind}" in log.read_text()


@pytest.mark.parametrize("place", PLACES)
def test_a_bug_anywhere_is_none_of_the_dump(place: str, tmp_path: Path) -> None:
    ran = broken(*PLACES[place], BUGS["AttributeError"], tmp_path)
    assert is_an_internal_error(ran, "AttributeError", tmp_path), ran


@pytest.mark.parametrize("kind", BUGS)
def test_a_bug_of_any_kind_is_none_of_the_dump(kind: str, tmp_path: Path) -> None:
    ran = broken(*PLACES["its log"], BUGS[kind], tmp_path)
    assert is_an_internal_error(ran, kind, tmp_path), ran


@pytest.mark.parametrize("kind", RAISED)
def test_what_a_function_of_ours_raises_is_none_of_the_dump(kind: str, tmp_path: Path) -> None:
    ran = broken(*PLACES["its log"], f"raise {kind}('a bug')", tmp_path)
    assert is_an_internal_error(ran, kind, tmp_path), ran
