# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python interface: its documented examples are run on the shipped dump."""

from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from drgn import Program
from rich.pretty import pretty_repr

import inspector
from inspector.errors import TargetError, UsageError
from inspector.formats.records import saved_text
from inspector.queries.records import save
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec, shipped_dump


def test_the_examples_of_the_page_are_true(root: Path) -> None:
    found = doctest.testfile(str(root / "docs/api.md"), module_relative=False)
    assert found.failed == 0
    assert found.attempted > 20


def test_importing_the_package_imports_no_drgn() -> None:
    code = "import inspector, sys; sys.exit('drgn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_target_is_to_be_named() -> None:
    cases: tuple[dict[str, Any], ...] = ({}, {"core": "vmcore", "demo": True})
    for options in cases:
        with pytest.raises(UsageError), inspector.open(**options):
            pass


def test_a_program_that_somebody_else_opened_is_a_target() -> None:
    prog = Program()
    prog.set_core_dump(shipped_dump(None))
    kernel = inspector.from_program(prog)
    task = kernel.panicking_task()
    assert task is not None
    assert kernel.frames_of(task) == inspector.from_program(prog).frames_of(task)


def test_an_answer_depends_on_no_earlier_one() -> None:
    with inspector.open(demo=True) as kernel, inspector.open(demo=True) as other:
        kernel.report()
        kernel.frames()
        assert kernel.frames().missing == other.frames().missing
        assert kernel.stack().missing == other.stack().missing


def test_explain_needs_nothing_but_the_frame() -> None:
    with inspector.open(demo=True) as kernel:
        task = kernel.panicking_task()
        assert task is not None
        for frame in kernel.frames_of(task):
            explanation = kernel.explain(frame)
            assert explanation.frame == frame
            assert len(explanation.registers) == len(tuple(frame.registers.items()))
        entry = kernel.frames_of(task)[-1]
        assert kernel.explain(entry.address).frame == entry


def test_a_file_of_records_answers_as_a_kernel_does(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        path.write_text(saved_text(save(source)))
        frames = source.record_frames()
    with inspector.open(records=path) as kernel:
        found = [frame for hit in kernel.hits() for frame in hit.frames]
        assert [f.registers for f in found] == [f.registers for f in frames]
        with pytest.raises(TargetError):
            kernel.probe("kernel_clone")


def test_a_program_without_memory_is_no_target() -> None:
    with pytest.raises(TargetError):
        inspector.from_program(Program())


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = inspector.nonsense


def test_addresses_are_hexadecimal_in_every_repr() -> None:
    with inspector.open(demo=True) as kernel:
        task = kernel.panicking_task()
        assert task is not None
        frame = kernel.frames_of(task)[-1]
        assert f"address={frame.address:#x}" in repr(frame)
        assert f"orig_ax={frame.registers.orig_ax:#x}" in repr(frame.registers)
        assert f"entry_address={task.entry_address:#x}" in repr(task)
        assert f"pid={task.pid}" in repr(task)
        assert f"pc={kernel.calls_of(task)[0].pc:#x}" in repr(kernel.calls_of(task)[0])
        assert f"{frame.address:#x}" in pretty_repr(frame)
