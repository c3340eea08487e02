# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a register means depends on what built its frame; the real ones are in tests/guest."""

from dataclasses import replace

import pytest

from inspector.explain.registers import phrase
from inspector.facts.uapi import Abi
from inspector.model.access import Context, DecodedInstruction, InstructionPlace
from inspector.model.evidence import Evidence
from inspector.model.frame import FoundIn, Syscall
from inspector.model.origin import Delivery, Origin
from inspector.model.registers import Absent, Why
from inspector.model.stack import Location
from tests.classify.values import LOW, kernel, user
from tests.explain.test_story import FORK, frame

PAUSE32 = Syscall(29, Abi.IA32, "pause", None)


def test_cx_and_r11_are_ip_and_flags_only_while_they_still_are() -> None:
    fresh = frame(Origin.SYSCALL, user())
    assert phrase(fresh, "cx", Context()).rule == "syscall-saves"
    assert phrase(fresh, "r11", Context()).rule == "syscall-saves"
    rewritten = frame(Origin.SYSCALL, user(cx=1, r11=2))
    assert phrase(rewritten, "cx", Context()).rule == "syscall-frame-rewritten"
    assert phrase(rewritten, "r11", Context()).rule == "syscall-frame-rewritten"


@pytest.mark.parametrize(
    ("origin", "register", "which"),
    [
        (Origin.SYSCALL, "di", "first"),
        (Origin.SYSCALL, "r10", "fourth"),
        (Origin.INT80, "bx", "first"),
        (Origin.INT80, "bp", "sixth"),
        (Origin.SYSCALL32, "si", "fourth"),
    ],
)
def test_arguments_follow_the_convention_of_the_way_in(
    origin: Origin, register: str, which: str
) -> None:
    syscall = FORK if origin is Origin.SYSCALL else PAUSE32
    entry = replace(frame(origin, user()), syscall=syscall)
    stated = phrase(entry, register, Context())
    assert stated.rule == "syscall-argument"
    assert which in stated.text


def test_arguments_are_named_only_while_the_function_has_not_touched_them() -> None:
    probed = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert phrase(probed, "dx", Context(at_entry=True)).rule == "function-argument"
    assert phrase(probed, "dx", Context(at_entry=False)).rule == "interrupted-live"


def test_a_syscall_handler_has_one_argument() -> None:
    place = Location(0xFFFFFFFF81000005, "__x64_sys_fork", 5)
    probed = replace(frame(Origin.INT3, kernel(LOW + 0x3000)), interrupted=place)
    assert phrase(probed, "di", Context(at_entry=True)).rule == "handler-argument"
    assert phrase(probed, "si", Context(at_entry=True)).rule == "interrupted-live"


def test_an_orig_ax_that_is_not_yet_minus_one_is_the_error_code_or_the_vector() -> None:
    fault = frame(Origin.PAGE_FAULT, kernel(LOW + 0x3000, orig_ax=2))
    assert phrase(fault, "orig_ax", Context()).rule == "orig-ax-error-code"
    settled = frame(Origin.PAGE_FAULT, kernel(LOW + 0x3000))
    assert phrase(settled, "orig_ax", Context()).rule == "orig-ax-exception"
    irq = frame(Origin.IRQ, kernel(LOW + 0x3000, orig_ax=0x24))
    assert phrase(irq, "orig_ax", Context()).rule == "orig-ax-vector"


def test_flags_say_whether_interrupts_were_on() -> None:
    on = frame(Origin.NMI, kernel(LOW + 0x3000, flags=0x202))
    off = frame(Origin.NMI, kernel(LOW + 0x3000, flags=0x2))
    assert phrase(on, "flags", Context()) != phrase(off, "flags", Context())
    assert (on.registers.flags ^ off.registers.flags) == 1 << 9


def test_a_return_probe_knows_what_a_function_gives_back() -> None:
    returned = frame(Origin.KRETPROBE, kernel(LOW + 0x3000))
    assert phrase(returned, "ax", Context()).rule == "ax-return-value"
    assert phrase(returned, "r12", Context()).rule == "returned-callee-saved"
    assert phrase(returned, "si", Context()).rule == "returned-left-over"


def test_nothing_is_claimed_of_a_frame_of_unknown_origin() -> None:
    unknown = frame(Origin.UNKNOWN, kernel(LOW + 0x3000))
    for register, _ in unknown.registers.items():
        assert phrase(unknown, register, Context()).rule == "origin-unknown"


def test_what_was_not_written_beside_cs_is_said_to_be_left_over() -> None:
    stale = frame(Origin.OPTPROBE, kernel(LOW + 0x3000, cs=0xFFFFCB2B804C0010))
    assert phrase(stale, "cs", Context()).rule == "optprobe-cs"
    plain = frame(Origin.OPTPROBE, kernel(LOW + 0x3000))
    assert phrase(plain, "cs", Context()).rule == "kernel-cs"


def test_a_statement_s_address_is_its_register_s_word_while_the_frame_lies_there() -> None:
    probed = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert phrase(probed, "ax", Context()).address == LOW + 0x3000 + 0x50
    recorded = replace(probed, found_in=FoundIn.RECORD)
    assert phrase(recorded, "ax", Context()).address is None


MINUS_ONE = (1 << 64) - 1
KPROBE = Evidence("kprobe", "ip is one byte past a kprobe's breakpoint")
SLOT = Evidence("instruction-slot", "ip is in the instruction slot")


def test_ip_is_past_an_int3_only_where_one_was_seen() -> None:
    trapped = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert phrase(trapped, "ip", Context()).rule == "int3-resume-ip"
    for rule in ("kprobe", "int3-byte"):
        seen = replace(trapped, evidence=(Evidence(rule, "an int3 is before ip"),))
        assert phrase(seen, "ip", Context()).rule == "int3-ip"
    user_trap = frame(Origin.INT3, user(orig_ax=MINUS_ONE))
    assert phrase(user_trap, "ip", Context()).rule == "user-ip"
    int3 = DecodedInstruction(0x431448, b"\xcc", "int3", InstructionPlace.BEFORE)
    assert phrase(user_trap, "ip", Context(instruction=int3)).rule == "user-int3-ip"


def test_a_step_that_left_its_slot_is_not_said_to_be_in_it() -> None:
    stepped = frame(Origin.INT3_STEP, kernel(LOW + 0x3000))
    assert phrase(stepped, "ip", Context()).rule == "int3-stepped-ip"
    assert phrase(replace(stepped, evidence=(SLOT,)), "ip", Context()).rule == "int3-step-ip"


@pytest.mark.parametrize(
    ("origin", "vector", "in_user", "in_kernel"),
    [
        (Origin.PAGE_FAULT, 14, "user-fault-ip", "fault-ip"),
        (Origin.EXCEPTION, 6, "user-fault-ip", "fault-ip"),
        (Origin.EXCEPTION, 4, "user-ip", "trap-ip"),
        (Origin.DEBUG, 1, "user-ip", "trap-ip"),
        (Origin.DOUBLE_FAULT, 8, "user-ip", "trap-ip"),
        (Origin.NMI, 2, "user-ip", "interrupted-ip"),
        (Origin.SYSVEC, 0xEC, "user-ip", "interrupted-ip"),
        (Origin.INT80, 0x80, "user-ip", None),
    ],
)
def test_only_a_fault_leaves_ip_at_its_instruction(
    origin: Origin, vector: int, in_user: str, in_kernel: str | None
) -> None:
    entered = replace(frame(origin, user(orig_ax=MINUS_ONE)), vector=vector)
    assert phrase(entered, "ip", Context()).rule == in_user
    if in_kernel is not None:
        trapped = replace(frame(origin, kernel(LOW + 0x3000)), vector=vector)
        assert phrase(trapped, "ip", Context()).rule == in_kernel


def test_a_worker_that_may_become_a_program_is_not_said_never_to_run_one() -> None:
    helper = frame(Origin.WORKER, user(ip=0, sp=0))
    for register in ("ip", "sp"):
        assert phrase(helper, register, Context()).rule == "worker-no-program"
    copied = frame(Origin.WORKER, user())
    for register in ("ip", "sp", "cx"):
        assert phrase(copied, register, Context()).rule == "worker-copied"


def test_exec_clears_no_result() -> None:
    for ax, rule in ((0, "ax-exec"), (MINUS_ONE - 37, "ax-enosys")):
        fresh = frame(Origin.EXEC, user(ax=ax, orig_ax=59))
        assert phrase(fresh, "ax", Context()).rule == rule
    assert phrase(frame(Origin.EXEC, user(orig_ax=59)), "orig_ax", Context()).rule == "orig-ax-exec"
    changed = frame(Origin.EXEC, user(orig_ax=MINUS_ONE))
    assert phrase(changed, "orig_ax", Context()).rule == "orig-ax-exec-rewritten"


def test_a_note_that_copies_a_frame_was_not_filled_by_crash_setup_regs() -> None:
    copied = frame(Origin.CRASH_NOTE, kernel(LOW + 0x3000))
    assert phrase(copied, "orig_ax", Context()).rule == "orig-ax-crash-note"
    assert phrase(copied, "ip", Context()).rule == "crash-note-copied-ip"
    filled = replace(copied, absent={"orig_ax": Absent(Why.NEVER_WRITTEN, 1)})
    assert phrase(filled, "ip", Context()).rule == "crash-note-ip"
    for register, of_copy, of_filled in (
        ("ax", "ax-kernel-live", "ax-crash-live"),
        ("sp", "interrupted-sp", "crash-note-sp"),
        ("bx", "interrupted-live", "crash-note-live"),
    ):
        assert phrase(copied, register, Context()).rule == of_copy
        assert phrase(filled, register, Context()).rule == of_filled


def test_a_return_probes_ip_is_the_trampoline_only_where_it_is() -> None:
    returned = frame(Origin.KRETPROBE, kernel(LOW + 0x3000))
    for symbol, rule in (
        ("arch_rethook_trampoline", "kretprobe-ip"),
        ("do_syscall_64", "kretprobe-return-ip"),
    ):
        at = replace(returned, interrupted=Location(0xFFFFFFFF81000000, symbol, 0))
        assert phrase(at, "ip", Context()).rule == rule


def test_freds_orig_ax_is_no_vector_and_nobody_pushed_it() -> None:
    for origin in (Origin.INT3, Origin.IRQ, Origin.SYSVEC, Origin.NMI, Origin.PAGE_FAULT):
        by_fred = replace(frame(origin, kernel(LOW + 0x3000)), delivery=Delivery.FRED)
        assert phrase(by_fred, "orig_ax", Context()).rule == "orig-ax-fred"
        early = replace(by_fred, registers=replace(by_fred.registers, orig_ax=0))
        assert phrase(early, "orig_ax", Context()).rule == "orig-ax-fred-error-code"


SWEXC, SWINT, OTHER, HWEXC = (kind << 48 for kind in (6, 4, 7, 3))


@pytest.mark.parametrize(
    ("origin", "vector", "event", "rule"),
    [
        (Origin.INT3, 3, SWEXC, "user-int3-ip"),
        (Origin.INT3, 3, SWINT, "user-int3-ip"),
        (Origin.GENERAL_PROTECTION, 13, SWINT, "user-software-ip"),
        (Origin.EXCEPTION, 6, OTHER, "user-software-ip"),
        (Origin.GENERAL_PROTECTION, 13, HWEXC, "user-fault-ip"),
        (Origin.SYSCALL, None, OTHER, "user-ip"),
    ],
)
def test_fred_tells_an_instruction_that_asked_from_one_that_faulted(
    origin: Origin, vector: int | None, event: int, rule: str
) -> None:
    entered = frame(origin, user(orig_ax=MINUS_ONE, ss=event | 0x2B))
    by_fred = replace(entered, vector=vector, delivery=Delivery.FRED)
    assert phrase(by_fred, "ip", Context()).rule == rule


def test_fred_leaves_cx_and_r11_alone_whatever_they_hold() -> None:
    entry = replace(frame(Origin.SYSCALL, user()), delivery=Delivery.FRED)
    assert entry.registers.cx == entry.registers.ip
    for register in ("cx", "r11"):
        assert phrase(entry, register, Context()).rule == "fred-keeps"


def test_fred_tells_the_stack_level_beside_cs() -> None:
    for cs, rule in ((0x20010, "fred-cs"), (0x10, "kernel-cs")):
        nested = replace(frame(Origin.INT3, kernel(LOW, cs=cs)), delivery=Delivery.FRED)
        assert phrase(nested, "cs", Context()).rule == rule


def test_32_bit_code_has_no_r8() -> None:
    sysenter = replace(frame(Origin.SYSCALL32, user(cs=0x23)), syscall=PAUSE32)
    assert phrase(sysenter, "r8", Context()).rule == "not-in-32-bit-code"
