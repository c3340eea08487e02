# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python interface: its documented examples are run on the shipped dump."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest
from drgn import Program

import inspector
from inspector import api
from inspector.errors import TargetError, UsageError
from inspector.target.spec import shipped_dump


def test_every_documented_example_is_true() -> None:
    found = doctest.testmod(api)
    assert found.failed == 0
    assert found.attempted > 8


def test_importing_the_package_imports_no_drgn() -> None:
    code = "import inspector, sys; sys.exit('drgn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_target_is_to_be_named() -> None:
    with pytest.raises(UsageError, match="not 0"):
        inspector.open()
    with pytest.raises(UsageError, match="not 2"):
        inspector.open("vmcore", demo=True)


def test_a_program_that_somebody_else_opened_is_a_target() -> None:
    prog = Program()
    prog.set_core_dump(shipped_dump(None))
    survey = inspector.of_program(prog)
    task = survey.panicking_task()
    assert task is not None
    assert survey.frames_of(task) == inspector.of_program(prog).frames_of(task)


def test_a_program_without_memory_is_no_target() -> None:
    with pytest.raises(TargetError):
        inspector.of_program(Program())


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = inspector.nonsense
