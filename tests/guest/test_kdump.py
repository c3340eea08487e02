# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kdumps of more kernels than one: alike distilled or not, with BTF and with DWARF; against crash.

bookworm's is test_crash.py's. There is none of sid: under QEMU 7.2 its second kernel does not
come up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Inspector
from tests.guest.conftest import Play, frames
from tests.guest.test_crash import bench_crash


def without_unwinder(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {**frame, "evidence": [e for e in frame["evidence"] if e["rule"] != "unwinder"]}
        for frame in found
    ]


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
    found = {
        (core, dwarf): frames(inspector, "--core", core, *types, "--records")
        for core in (crash.vmcore, small)
        for dwarf, types in ((False, []), (True, ["--vmlinux", vmlinux]))
    }
    assert len(found[crash.vmcore, False]) >= 15
    for dwarf in (False, True):
        assert found[small, dwarf] == found[crash.vmcore, dwarf]
    # DWARF knows how to leave a function that ORC does not, where the panic's note is of its label.
    plain, more = (without_unwinder(found[crash.vmcore, dwarf]) for dwarf in (False, True))
    assert plain == more
    both, _ = bench_crash(root, crash.vmcore, Path(vmlinux))
    assert both >= 15
