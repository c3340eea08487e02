# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kdumps of more kernels than one: alike distilled or not, with BTF and with DWARF; against crash.

bookworm's is test_crash.py's; sid's and 7.3's are test_deaths.py's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import Play, frames
from tests.guest.test_crash import bench_crash
from tests.guest.test_report import ONE_SIGNATURE, report_of


@pytest.mark.soak
@pytest.mark.parametrize("suite", ["bullseye", "trixie"])
def test_a_kdump_and_its_distillate_answer_alike_with_btf_and_with_dwarf(
    suite: str,
    play: Play,
    lab: Callable[..., str],
    inspector: Inspector,
    root: Path,
    tmp_path: Path,
) -> None:
    crash = play("crash", suite)
    small = tmp_path / "small"
    assert inspector("distill", crash.vmcore, "-o", small).returncode == 0
    vmlinux = json.loads(lab("fetch", "--suite", suite, "--dwarf"))["vmlinux"]
    expected = frames(inspector, "--core", crash.vmcore, "--with-records")
    assert len(expected) >= 15
    for core in (crash.vmcore, small):
        for types in ([], ["--vmlinux", vmlinux]):
            assert frames(inspector, "--core", core, *types, "--with-records") == expected
            assert report_of(inspector, core, *types)["signature"]["text"] == ONE_SIGNATURE
    both, _ = bench_crash(root, crash.vmcore, Path(vmlinux))
    assert both >= 15
