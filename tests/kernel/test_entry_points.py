# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entry code by its symbols, and handlers by the kernel's own table."""

from __future__ import annotations

import pytest
from drgn import FaultError

from inspector.facts.entry_points import EntryKind
from inspector.facts.uapi import Abi, names
from inspector.kernel.entry_points import EntryPoints, Syscalls
from inspector.model.origin import EntryPoint, Origin
from inspector.model.registers import REGISTER_NAMES, Registers
from inspector.target.target import Target

# arch/x86/include/asm/trapnr.h, and what enters through no gate of the IDT.
KNOWN = {
    "entry_SYSCALL_64_after_hwframe": (EntryKind.SYSCALL64, None),
    "asm_exc_divide_error": (EntryKind.EXCEPTION, 0),
    "asm_exc_debug": (EntryKind.EXCEPTION, 1),
    "asm_exc_nmi": (EntryKind.NMI, 2),
    "end_repeat_nmi": (EntryKind.NMI, 2),
    "asm_exc_int3": (EntryKind.EXCEPTION, 3),
    "asm_exc_invalid_op": (EntryKind.EXCEPTION, 6),
    "asm_exc_double_fault": (EntryKind.EXCEPTION, 8),
    "asm_exc_general_protection": (EntryKind.EXCEPTION, 13),
    "asm_exc_page_fault": (EntryKind.EXCEPTION, 14),
    "asm_common_interrupt": (EntryKind.IRQ, None),
    "asm_sysvec_apic_timer_interrupt": (EntryKind.SYSVEC, None),
}
# Whose handler is called otherwise than the UAPI calls them, by 64-bit number.
PLAIN = ("read", "write", "close", "pause", "getpid", "fork", "nanosleep", "swapoff", "openat")


def at(target: Target, symbol: str) -> EntryPoint | None:
    address = target.symbols.address_of(symbol)
    assert address is not None, symbol
    return EntryPoints(target).of(target.locate(address))


@pytest.mark.parametrize("symbol", KNOWN)
def test_an_entrys_symbol_says_its_kind_and_vector(target: Target, symbol: str) -> None:
    point = at(target, symbol)
    assert point is not None
    assert (point.kind, point.vector) == KNOWN[symbol]


def test_every_exception_of_that_kernel_has_a_vector_of_its_own(target: Target) -> None:
    symbols = {name for name in target.symbols.functions() if name.startswith("asm_exc_")}
    assert len(symbols) > 15
    by_vector: dict[int, str] = {}
    for symbol in symbols:
        point = at(target, symbol)
        if point is None:  # of a hypervisor's guest or host: no gate of a bare machine's table
            assert symbol.removeprefix("asm_exc_").startswith(("xen_", "nmi_"))
            continue
        assert point.vector is not None
        assert by_vector.setdefault(point.vector, symbol) == symbol


@pytest.mark.parametrize("symbol", ["vfs_read", "do_syscall_64", "schedule", "panic"])
def test_what_is_called_is_no_way_in(target: Target, symbol: str) -> None:
    assert at(target, symbol) is None


def test_what_text_calls_is_told_apart_from_what_traps_lead_to(target: Target) -> None:
    called = EntryPoints(target).called_from_text
    assert "ftrace_regs_call" in called
    assert not {name for name in called if name.startswith("asm_")}


def numbered(number: int) -> Registers:
    words = dict.fromkeys(REGISTER_NAMES, 0) | {"orig_ax": number, "cs": 0x33}
    return Registers(**words)


def test_handlers_are_those_of_the_kernels_table(target: Target) -> None:
    numbers = {name: nr for nr, name in names(Abi.X86_64).items()}
    table = target.symbols.address_of("sys_call_table")
    assert table is not None
    syscalls = Syscalls(target)
    for name in PLAIN:
        found = syscalls.resolve(Origin.SYSCALL, numbered(numbers[name]), None)
        assert found is not None
        assert (found.nr, found.name, found.abi) == (numbers[name], name, Abi.X86_64)
        try:
            handler = target.prog.read_word(table + 8 * numbers[name])
        except FaultError:
            assert found.handler is None
            continue
        assert found.handler == f"__x64_sys_{name}"
        assert found.handler in {symbol.name for symbol in target.prog.symbols(handler)}


def test_a_negative_number_and_a_trap_carry_no_call(target: Target) -> None:
    syscalls = Syscalls(target)
    assert syscalls.resolve(Origin.SYSCALL, numbered((1 << 64) - 1), None) is None
    assert syscalls.resolve(Origin.INT3, numbered(57), None) is None
    by_int80 = syscalls.resolve(Origin.INT80, numbered(29), None)
    assert by_int80 is not None
    assert (by_int80.abi, by_int80.name) == (Abi.IA32, "pause")
