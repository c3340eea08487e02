# SPDX-License-Identifier: LGPL-2.1-or-later
"""Against kallsyms of every shipped dump: kernels from 5.10 to 7.3."""

import re
from functools import cache

import pytest

from inspector.facts import entry_points
from inspector.facts.cpu import EXCEPTIONS
from inspector.facts.entry_points import EntryKind, entry_code_of
from inspector.facts.uapi import Abi, is_handler, names
from inspector.target.open import open_target
from inspector.target.spec import TargetKind, TargetSpec, shipped_names

# They make no frame for a kernel that can be read here: Xen's own, what KVM calls with a frame
# that it built, and the way out.
_NOT_TOLD = {
    "asm_exc_xen_unknown_trap",
    "asm_exc_nmi_noist",
    "asm_exc_nmi_kvm_vmx",
    "asm_fred_exit_user",
}
DUMPS = shipped_names()


@cache
def symbols(dump: str) -> frozenset[str]:
    with open_target(TargetSpec(TargetKind.DEMO, dump)) as target:
        return frozenset(symbol.name for symbol in target.prog.symbols())


@pytest.mark.parametrize("dump", DUMPS)
def test_every_entry_of_the_kernel_is_in_the_table(dump: str) -> None:
    wanted = re.compile(r"asm_(?:exc|sysvec)_\w+|asm_\w+_interrupt|asm_fred_\w+|asm_int80\w*")
    entries = {symbol for symbol in symbols(dump) if wanted.fullmatch(symbol)}
    assert len(entries) > 30
    assert {symbol for symbol in entries if entry_code_of(symbol) is None} <= _NOT_TOLD


@pytest.mark.parametrize("dump", DUMPS)
def test_every_exception_of_the_kernel_has_its_vector(dump: str) -> None:
    there = {e.vector for e in EXCEPTIONS if f"asm_exc_{e.entry}" in symbols(dump)}
    assert {0, 1, 2, 3, 6, 8, 13, 14, 15} <= there
    for exception in EXCEPTIONS:
        code = entry_code_of(f"asm_exc_{exception.entry}")
        assert code is not None
        assert code.vector == exception.vector


@pytest.mark.parametrize(
    "group",
    [
        entry_points.SYSCALL64,
        entry_points.SYSCALL32,
        entry_points.INT80,
        entry_points.FORK,
        entry_points.KRETPROBE,
        entry_points.FTRACE_FULL,
        entry_points.FTRACE_ARGS,
        entry_points.INT3,
        entry_points.DOUBLE_FAULT,
    ],
)
def test_each_way_in_is_in_every_kernel_under_one_of_its_names(group: tuple[str, ...]) -> None:
    assert [dump for dump in DUMPS if symbols(dump).isdisjoint(group)] == []


def test_a_kernel_with_fred_has_all_of_its_entries() -> None:
    with_fred = [dump for dump in DUMPS if entry_points.FRED_USER in symbols(dump)]
    assert with_fred
    for dump in with_fred:
        assert set(entry_points.FRED) <= symbols(dump)


@pytest.mark.parametrize("dump", DUMPS)
def test_the_handlers_of_system_calls_have_one_of_the_prefixes(dump: str) -> None:
    wrapped = re.compile(r"__(?:x64|ia32|x32)_(?:compat_)?sys_\w+")
    handlers = {symbol for symbol in symbols(dump) if wrapped.fullmatch(symbol)}
    assert len(handlers) > 600
    assert all(map(is_handler, handlers))
    fork = {number: name for number, name in names(Abi.X86_64).items() if name == "fork"}
    assert fork == {57: "fork"}
    assert "__x64_sys_fork" in handlers


@pytest.mark.parametrize(
    ("symbol", "kind", "vector", "old"),
    [
        ("entry_SYSCALL_64_after_hwframe", EntryKind.SYSCALL64, None, False),
        ("xen_asm_exc_page_fault", EntryKind.EXCEPTION, 14, False),
        ("trace_page_fault", EntryKind.EXCEPTION, 14, True),
        ("invalid_TSS", EntryKind.EXCEPTION, 10, True),
        ("coprocessor_segment_overrun", EntryKind.EXCEPTION, 9, True),
        ("asm_sysvec_reschedule_ipi", EntryKind.SYSVEC, 0xFD, False),
        ("reschedule_interrupt", EntryKind.SYSVEC, 0xFD, True),
        ("nmi_restore", EntryKind.NMI, 2, False),
        ("sysenter_dispatch", EntryKind.SYSCALL32, None, False),
    ],
)
def test_a_name_of_any_era_says_how_the_frame_came_about(
    symbol: str, kind: EntryKind, vector: int | None, old: bool
) -> None:
    assert entry_code_of(symbol) == (kind, vector, old)


def test_c_functions_are_no_entry_code() -> None:
    for symbol in ("exc_page_fault", "do_sys_open", "kernel_clone", "__x64_sys_fork"):
        assert entry_code_of(symbol) is None
