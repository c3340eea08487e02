# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands inside drgn on a fresh crash, with the kernel's DWARF as its user would load it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import Crash
from tests.test_drgn_plugin import DRGN, IMPORT, typed


def in_drgn(crash: Crash, vmlinux: Path, code: str) -> str:
    argv: list[str | Path] = [DRGN, "-q", "-c", crash.vmcore, "-s", vmlinux, "-e", code]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_types_are_those_of_the_dwarf_that_drgn_has(crash: Crash, vmlinux: Path) -> None:
    code = f"{IMPORT}run_command(prog, 'frames --format json')"
    answer = json.loads(in_drgn(crash, vmlinux, code))
    assert answer["target"]["kind"] == "program"
    assert answer["kernel"]["types"] == "dwarf"
    assert answer["missing"] == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("frames --with-records", ("frames", "--with-records")),
        ("framediff", ("diff",)),
        ("frameexplain", ("explain",)),
        ("framestack", ("stack",)),
        ("frameprobe __x64_sys_fork+5", ("probe", "__x64_sys_fork+5")),
    ],
)
def test_a_command_answers_as_on_the_command_line(
    theirs: str, ours: tuple[str, ...], crash: Crash, vmlinux: Path, inspector: Inspector
) -> None:
    there = json.loads(
        in_drgn(crash, vmlinux, f"{IMPORT}run_command(prog, '{theirs} --format json')")
    )
    target = ("-c", crash.vmcore, "--vmlinux", vmlinux)
    here = json.loads(inspector(*ours, *target, "--format", "json").stdout)
    assert there.pop("target")["kind"] == "program"
    assert here.pop("target")["kind"] == "core"
    assert there == here


def test_the_forkers_frames_at_the_prompt(crash: Crash, vmlinux: Path, tmp_path: Path) -> None:
    argv: list[str | Path] = [DRGN, "-q", "-c", crash.vmcore, "-s", vmlinux]
    pid = crash.facts["forker_pid"]
    shown = typed(tmp_path, argv, ">>> ", f"%framediff {pid}", "quit()").partition("%framediff")[2]
    assert "57 fork" in shown
    assert "asm_exc_int3" in shown
    assert "Traceback" not in shown


def test_a_script_for_drgn_says_what_the_guest_knew(
    crash: Crash, vmlinux: Path, root: Path, tmp_path: Path
) -> None:
    script = root / "scripts/drgn/syscalls.py"
    argv: list[str | Path] = [DRGN, "-q", "-c", crash.vmcore, "-s", vmlinux, script]
    env = {**os.environ, "HOME": str(tmp_path)}
    result = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    pid = str(crash.facts["forker_pid"])
    (line,) = [line for line in result.stdout.splitlines() if line.split()[0] == pid]
    assert line.split()[2:4] == ["57", "(fork)"]
