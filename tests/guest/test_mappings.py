# SPDX-License-Identifier: LGPL-2.1-or-later
"""Addresses of processes are named as the kernel itself names them in /proc/PID/maps."""

from __future__ import annotations

import json

import pytest

from tests.guest.conftest import Boot

# Of each process that sleeps: every mapping's first and last address, and the first behind it
# where nothing is mapped.
_LOOK = """
cat >/tmp/look.py <<'END'
import json, os
from inspector.kernel.address_space import mapping_at
from inspector.model.task import Running
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec

rows = []
with open_target_source(TargetSpec(TargetKind.LIVE)) as source:
    for task in source.tasks():
        if task.kernel_thread or task.running is Running.ON_CPU or task.tgid == os.getpid():
            continue
        lines = [line.split(None, 5) for line in open(f"/proc/{task.pid}/maps")]
        ranges = [[int(n, 16) for n in line[0].split("-")] for line in lines]
        lows = {low for low, _ in ranges}
        for (low, high), line in zip(ranges, lines):
            name = line[5].strip() if len(line) > 5 else ""
            if name == "[vsyscall]":  # no mapping of the process
                continue
            for address in (low, high - 1):
                rows.append([name, mapping_at(source.target, task, address)])
            if high not in lows:
                rows.append([None, mapping_at(source.target, task, high)])
print(json.dumps(rows))
END
sleep 300 &
$(head -n 1 $(command -v inspector) | cut -c 3-) /tmp/look.py
"""
_NAMES = {
    None: None,
    "": "an anonymous mapping",
    "[heap]": "the heap",
    "[stack]": "the stack of the process",
    "[vdso]": "the vDSO",
}


def _expected(name: str | None) -> str | None:
    if name in _NAMES:
        return _NAMES[name]
    assert name is not None
    return "a special mapping" if name.startswith("[") else f"a mapping of {name}"


@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "sid"])  # a red-black tree, then maple
def test_mappings_are_named_as_in_proc_maps(boot: Boot, suite: str) -> None:
    with boot(suite) as guest:
        looked = guest.run(_LOOK, limit=300)
    assert looked.returncode == 0, looked.stderr
    rows = json.loads(looked.stdout.splitlines()[-1])
    names = {name for name, _ in rows}
    assert names >= {None, "[stack]", "[vdso]"}
    assert len(rows) >= 30
    wrong = [(name, found) for name, found in rows if found != _expected(name)]
    assert not wrong
