# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clock, taint and modules of the dumps' kernels, as drgn and the crash kernel have them."""

from __future__ import annotations

import re

from drgn.helpers.linux.module import for_each_module, module_address_regions

from inspector.kernel.log import log_tail
from inspector.kernel.machine import (
    TAINTS,
    clock,
    kernel_taints,
    loaded_modules,
    read_machine,
    taints_of,
)
from inspector.model.machine import Clock
from inspector.target.target import Target, vmcoreinfo

_STAMP = re.compile(r"Tainted: (?:\[[^]]*\] )?([A-Z ]+)")


def test_letters_are_unique() -> None:
    letters = [letter for letter, _meaning in TAINTS]
    assert len(set(letters)) == len(letters)


def test_bits_become_letters() -> None:
    # include/linux/panic.h: TAINT_OOT_MODULE is 12, TAINT_UNSIGNED_MODULE 13.
    assert [taint.letter for taint in taints_of(1 << 12 | 1 << 13)] == ["O", "E"]
    assert taints_of(0) == ()


def test_a_bit_that_nobody_knows_is_said() -> None:
    (taint,) = taints_of(1 << 40)
    assert (taint.bit, taint.letter) == (40, "?")
    assert "40" in taint.meaning


def test_the_clock_stood_where_the_kernel_crashed(target: Target) -> None:
    """The crash kernel's CRASHTIME is ktime_get_real_seconds() in crash_save_vmcoreinfo()."""
    now = clock(target)
    crashed = vmcoreinfo(target.prog).get("CRASHTIME")
    if crashed is not None:
        assert abs(now.wall_ns / 1e9 - int(crashed)) <= 2
    assert 1.7e18 < now.wall_ns < 2e18
    # The log counts from boot, and its last line is of the crash.
    last = log_tail(target, 100)[-1]
    assert 0 <= last.time_ns - now.uptime_ns + 10**9 < 6 * 10**10


def test_modules_are_those_that_drgn_walks(target: Target) -> None:
    theirs = {module.name.string_().decode(): module for module in for_each_module(target.prog)}
    ours = loaded_modules(target)
    assert [module.name for module in ours] == [*theirs]
    for module in ours:
        regions = [r for r in module_address_regions(theirs[module.name]) if r[1]]
        assert module.base in {low for low, _size in regions}
        assert module.size <= sum(size for _low, size in regions)
        assert module.size >= max(size for _low, size in regions)
        mask = theirs[module.name].taints.value_()
        assert module.taints == taints_of(mask)


def test_the_kernel_has_its_modules_taints_and_says_them_where_it_dies(target: Target) -> None:
    letters = {taint.letter for taint in kernel_taints(target)}
    assert letters >= {t.letter for m in loaded_modules(target) for t in m.taints}
    told = [found[1] for line in log_tail(target, 100) if (found := _STAMP.search(line.text))]
    assert told
    assert all(set(one.replace(" ", "")) - {"G", "P"} <= letters | {"D", "W"} for one in told)


def test_all_of_them_at_once_are_each_of_them(target: Target) -> None:
    machine = read_machine(target)
    assert machine.modules == loaded_modules(target)
    assert machine.taints == kernel_taints(target)
    assert isinstance(machine.clock, Clock)
    assert machine.clock == clock(target)
