# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rules, with stacks as four kernels left them (tests/guest has the kernels themselves)."""

from dataclasses import replace

import pytest

from inspector.classify.signature import (
    MOST_FUNCTIONS,
    crash_signature,
    exception_name,
    function_name,
)
from inspector.facts.uapi import Abi
from inspector.model.evidence import Evidence
from inspector.model.frame import FoundIn, Frame, Syscall
from inspector.model.origin import Origin
from inspector.model.registers import Registers
from inspector.model.stack import CallFrame, Location, StackKind
from tests.classify.values import HIGH, TASK, TEXT, TOP, kernel, user

EVIDENCE = (Evidence("return-address", "for the test"),)
INT3 = HIGH - 0x300


def frame(origin: Origin, address: int, registers: Registers, **more: object) -> Frame:
    usual = Frame(
        address=address,
        origin=origin,
        user_mode=registers.user_mode,
        stack=StackKind.TASK,
        found_in=FoundIn.STACK,
        cpu=1,
        task=TASK,
        registers=registers,
        evidence=EVIDENCE,
    )
    return replace(usual, **more)  # type: ignore[arg-type]


HANDLER = Location(TEXT + 0x2000, "handler", 0x11, "somebody")
FORK = Location(TEXT + 6, "__x64_sys_fork", 6)
ENTRY = frame(
    Origin.SYSCALL, TOP, user(), syscall=Syscall(57, Abi.X86_64, "fork", "__x64_sys_fork")
)
TRAP = frame(Origin.INT3, INT3, kernel(INT3), interrupted=FORK)


def calls(*names: str, below: int = 0) -> tuple[CallFrame, ...]:
    """Innermost first; those after ``|`` lie outside of the int3 frame."""
    sp, found = INT3 - 0x200, []
    for i, name in enumerate(names):
        if name == "|":
            sp = INT3 + 0xD8
            continue
        symbol, _, module = name.partition(" ")
        location = Location(TEXT + 0x1000 * (i + 1), symbol, 0x11, module.strip("[]") or None)
        pc = TEXT + 6 if names[i - 1] == "|" else location.address
        found.append(CallFrame(pc, sp, location))
        sp += 8
    return tuple(found)


OUTSIDE = ("|", "__x64_sys_fork", "do_syscall_64", "entry_SYSCALL_64_after_hwframe")
WANTED = "handler [somebody] < int3 in sys_fork < syscall fork"


def text(*names: str, frames: tuple[Frame, ...] = (TRAP, ENTRY)) -> str | None:
    signature = crash_signature(TASK, calls(*names), frames)
    return None if signature is None else signature.text


def test_entry_code_and_what_a_panic_calls_leave_no_trace() -> None:
    old = ("panic", "handler.cold [somebody]", "aggr_pre_handler", "exc_int3", "asm_exc_int3")
    new = ("delay_tsc", "vpanic", "panic", "handler [somebody]", "aggr_pre_handler")
    assert text(*old, *OUTSIDE) == WANTED
    assert text(*new, "kprobe_int3_handler", "exc_int3", "asm_exc_int3", *OUTSIDE) == WANTED


def test_a_kernel_that_inlines_the_handler_into_the_dispatcher_gives_the_same() -> None:
    outside = ("|", "__do_sys_fork", "x64_sys_call", "do_syscall_64", "entry_SYSCALL_64")
    assert text("panic", "handler.isra.0 [somebody]", *outside) == WANTED


def test_a_crash_note_is_no_part_of_it() -> None:
    note = frame(Origin.CRASH_NOTE, INT3 - 0x180, kernel(INT3 - 0x180))
    assert text("__crash_kexec", "handler [somebody]", *OUTSIDE, frames=(note, TRAP, ENTRY)) == (
        WANTED
    )


def test_only_the_innermost_functions_count() -> None:
    named = [f"level{i}" for i in range(10)]
    found = text(*named, *OUTSIDE)
    assert found is not None
    assert [part for part in found.split(" < ") if part.startswith("level")] == (
        named[:MOST_FUNCTIONS]
    )
    assert found.endswith("int3 in sys_fork < syscall fork")


def test_a_module_may_have_a_function_called_panic() -> None:
    assert (
        text("panic [somebody]", *OUTSIDE) == "panic [somebody] < int3 in sys_fork < syscall fork"
    )


def test_a_fault_in_user_mode_says_so() -> None:
    fault = frame(Origin.PAGE_FAULT, TOP, user())
    assert text("panic", "do_exit", frames=(fault,)) == "do_exit < page-fault from user mode"


def test_an_oops_begins_with_the_function_that_faulted() -> None:
    fault = frame(Origin.PAGE_FAULT, INT3, kernel(INT3), interrupted=FORK)
    handling = (
        "crash_kexec",
        "oops_end",
        "page_fault_oops",
        "exc_page_fault",
        "asm_exc_page_fault",
    )
    assert text(*handling, *OUTSIDE, frames=(fault, ENTRY)) == (
        "page-fault in sys_fork < syscall fork"
    )


def dead(fault: Frame, *names: str, died_of: str = "page-fault", frames: tuple[Frame, ...]) -> str:
    signature = crash_signature(TASK, calls(*names), frames, died_of, fault)
    assert signature is not None
    return signature.text


HANDLING = ("crash_kexec", "oops_end", "page_fault_oops", "exc_page_fault", "asm_exc_page_fault")


def test_the_exception_and_the_function_that_it_struck_come_first() -> None:
    fault = frame(Origin.PAGE_FAULT, INT3, kernel(INT3), interrupted=FORK)
    assert dead(fault, *HANDLING, *OUTSIDE, frames=(fault, ENTRY)) == (
        "page-fault: sys_fork < syscall fork"
    )


def test_what_dies_while_an_oops_is_reported_is_not_the_bug() -> None:
    """A nested fault lies further in than the frame that killed."""
    nested = frame(Origin.PAGE_FAULT, INT3 - 0x180, kernel(INT3 - 0x180))
    fault = frame(Origin.PAGE_FAULT, INT3, kernel(INT3), interrupted=FORK)
    found = dead(fault, "notifier [somebody]", *HANDLING, *OUTSIDE, frames=(nested, fault, ENTRY))
    assert found == "page-fault: sys_fork < syscall fork"


def test_two_exceptions_in_one_function_are_two_deaths() -> None:
    names = {
        exception_name(frame(Origin.EXCEPTION, INT3, kernel(INT3), vector=vector))
        for vector in (0, 6)
    }
    assert names == {"divide-error", "invalid-opcode"}


@pytest.mark.parametrize("origin", [Origin.IRQ, Origin.SYSVEC])
def test_what_an_interrupt_interrupted_is_no_part_of_the_bug(origin: Origin) -> None:
    fault = frame(Origin.PAGE_FAULT, INT3 - 0x180, kernel(INT3 - 0x180), interrupted=HANDLER)
    interrupt = frame(origin, INT3, kernel(INT3), interrupted=FORK)
    chain = (*HANDLING, "handler [somebody]", "call_timer_fn", "asm_sysvec_apic_timer_interrupt")
    found = dead(fault, *chain, *OUTSIDE, frames=(fault, interrupt, ENTRY))
    assert found == "page-fault: handler [somebody] < interrupt"


def test_a_lockup_is_told_by_who_waits_not_by_how() -> None:
    spot = Location(TEXT + 6, "delay_tsc", 6)
    tick = frame(Origin.SYSVEC, INT3, kernel(INT3), interrupted=spot)
    outside = ("|", "delay_tsc", "spin [somebody]", "do_syscall_64")
    chain = ("panic", "watchdog_timer_fn", "hrtimer_interrupt", *outside)
    assert dead(tick, *chain, died_of="lockup", frames=(tick, ENTRY)) == (
        "lockup: spin [somebody] < syscall fork"
    )


def test_a_panic_is_told_by_who_called_it() -> None:
    signature = crash_signature(
        TASK, calls("panic", "hang [somebody]", *OUTSIDE), (ENTRY,), "panic"
    )
    assert signature is not None
    assert signature.parts[0] == "panic: hang [somebody]"


def test_a_kernel_thread_ends_in_itself() -> None:
    worker = replace(TASK, kernel_thread=True, entry_address=None)
    found = crash_signature(worker, calls("panic", "watchdog", "kthread", "ret_from_fork"), ())
    assert found is not None
    assert found.parts == ("watchdog", "kernel thread")


def test_nothing_known_gives_none() -> None:
    assert crash_signature(TASK, (), ()) is None


def test_the_digest_is_a_contract() -> None:
    found = crash_signature(TASK, calls("handler [somebody]", *OUTSIDE), (TRAP, ENTRY), "panic")
    assert found is not None
    # sha256 of the parts, each on a line: `printf 'panic: handler [somebody]\nint3 in sys_fork\n
    # syscall fork' | sha256sum`
    assert found.digest == "2-0b7e309ec6ea6f22"


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("vfs_read", "vfs_read"),
        ("count_memcg_events.constprop.0", "count_memcg_events"),
        ("arch_exit_to_user_mode_prepare.isra.0", "arch_exit_to_user_mode_prepare"),
        ("wait_consider_task.part.0.isra.0", "wait_consider_task"),
        ("ext4_get_inode_loc.cold", "ext4_get_inode_loc"),
        ("ext4_writepages.constprop.12.cold.77", "ext4_writepages"),
        ("tcp_ack.llvm.1234567890123456789", "tcp_ack"),
        ("do_one.lto_priv.3", "do_one"),
        ("__x64_sys_fork", "sys_fork"),
        ("__do_sys_fork", "sys_fork"),
        ("__se_sys_wait4", "sys_wait4"),
        ("__ia32_sys_wait4", "sys_wait4"),
        ("__ia32_compat_sys_ioctl", "compat_sys_ioctl"),
        ("not_a.suffix", "not_a.suffix"),
    ],
)
def test_what_compilers_and_versions_add_is_taken_away(symbol: str, name: str) -> None:
    assert function_name(Location(0xFFFFFFFF81000123, symbol, 0x123)) == name


def test_a_module_is_part_of_the_name() -> None:
    location = Location(0xFFFFFFFFC0000123, "handler.cold", 0x13, "framefreeze")
    assert function_name(location) == "handler [framefreeze]"
