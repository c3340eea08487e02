# SPDX-License-Identifier: LGPL-2.1-or-later
"""Texts as people paste them: prefixes, cuts, mixtures, and registers of their own printk."""

from __future__ import annotations

import pytest

from inspector.logs.read import read_log
from inspector.model.evidence import Evidence
from inspector.model.oops import FrameShape, ToldFrame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES

MINUS_ONE = (1 << 64) - 1

# __show_regs() of 5.8 and later, with nothing before the lines.
USER_BLOCK = """\
 entry_SYSCALL_64_after_hwframe+0x44/0xa9
RIP: 0033:0x7f1234567890
Code: b8 39 00 00 00 0f 05 <48> 3d 00 f0 ff ff 77 58 c3
RSP: 002b:00007ffc1d8e1e08 EFLAGS: 00000202 ORIG_RAX: 0000000000000039
RAX: ffffffffffffffda RBX: 0000000000000001 RCX: 00007f1234567890
RDX: 000000000000000b RSI: 00000000393ac8f0 RDI: 0000000000000001
RBP: 00000000393ac8f0 R08: 0000000000000000 R09: 0079727465652d77
R10: 00000000000001b6 R11: 0000000000000202 R12: 000000000000000b
R13: 00000000393aa3a0 R14: 0000000000000001 R15: 00007ffc1d8e1e70
"""
KERNEL_BLOCK = """\
RIP: 0010:some_function+0x6/0x10
Code: 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 90 cc <90> 90 90 c3
RSP: 0018:ffffd3b2403f7dc8 EFLAGS: 00000246
RAX: 0000000000000039 RBX: 0000000000000ed3 RCX: 0000000000000001
RDX: 00000000000b2907 RSI: 0000000000000001 RDI: 0000000b97170507
RBP: 0000000000000005 R08: 0000000000000001 R09: 00000000001fa6b8
R10: 0000000000000000 R11: 0000000000000000 R12: ffffd3b2403f7ea8
R13: 0000000026e958f0 R14: 0000000000000005 R15: 0000000000000000
"""


def texts(statements: tuple[Evidence, ...]) -> str:
    return " ".join(statement.text for statement in statements)


def rules(statements: tuple[Evidence, ...]) -> set[str]:
    return {statement.rule for statement in statements}


def frames(text: str) -> tuple[ToldFrame, ...]:
    return read_log(text, "-").frames


def one(text: str) -> ToldFrame:
    (frame,) = frames(text)
    return frame


def test_the_question_zero_rules_out_int3_and_ax_is_where_an_entry_frame_would_lie() -> None:
    frame = one("orig_ax regs:0  ax:18446661681273651032")
    assert frame.registers == {"orig_ax": 0, "ax": 0xFFFFB51084203F58}
    assert frame.origin is Origin.UNKNOWN
    assert frame.possible == (Origin.FTRACE, Origin.FTRACE_ARGS)
    assert "0xffffb51084203fd0" in texts(frame.story)
    assert frame.user_mode is None


@pytest.mark.parametrize(
    "text",
    [
        "regs->orig_ax = -1, regs->ax = 57",
        "orig_rax: 0xffffffffffffffff rax: 0x39",
        "ORIG_RAX=ffffffffffffffff AX=0x39",
        "pt_regs: orig_ax=18446744073709551615 ax=57",
    ],
)
def test_minus_one_is_read_in_every_base(text: str) -> None:
    frame = one(text)
    assert frame.registers["orig_ax"] == MINUS_ONE
    assert frame.registers["ax"] == 57
    assert Origin.INT3 in frame.possible
    assert Origin.FTRACE not in frame.possible


@pytest.mark.parametrize(("text", "user"), [("10", False), ("0x10", False), ("16", False)])
def test_a_printed_selector_is_known_whatever_its_base(text: str, user: bool) -> None:
    assert one(f"ip = ffffffffc04120f6, flags = 0x246, cs = {text}").user_mode is user


def test_a_call_in_flight_is_told_by_its_error() -> None:
    frame = one("orig_ax: 57, ax: -38")
    assert Origin.SYSCALL in frame.possible
    assert Origin.INT3 not in frame.possible


@pytest.mark.parametrize("text", ["eth0: flags: 2", "inet ip: 10.0.0.1 ss: x", "speed is 3", ""])
def test_ordinary_words_are_no_registers(text: str) -> None:
    assert frames(text) == ()


PREFIXES = [
    "",
    "[    6.955224] ",
    "[    6.955224][  T103] ",
    "<4>[    6.955224] ",
    "[Wed Nov 25 16:32:25 2026] ",
    "Nov 25 16:32:25 host kernel: ",
    "Nov 25 16:32:25 host kernel: [    6.955224] ",
    "2026-11-25T16:32:25.123456+00:00 host kernel: ",
    "kern  :warn  : [    6.955224] ",
    "> ",
    "> [    6.955224] ",
]


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_prefixes_and_line_ends_change_nothing(prefix: str, end: str) -> None:
    text = "".join(f"{prefix}{line}{end}" for line in USER_BLOCK.splitlines())
    assert one(text) == one(USER_BLOCK)


def test_a_user_frame_is_the_syscall_that_orig_rax_names() -> None:
    frame = one(USER_BLOCK)
    assert (frame.origin, frame.user_mode, frame.line) == (Origin.SYSCALL, True, 2)
    assert frame.syscall is not None
    assert (frame.syscall.nr, frame.syscall.name) == (57, "fork")
    assert frame.registers.keys() == set(REGISTER_NAMES)
    assert (frame.registers["r9"], frame.registers["r10"]) == (0x79727465652D77, 0x1B6)
    assert frame.instruction is not None
    assert frame.instruction.text == "syscall"


def test_a_user_frame_without_a_trace_is_told_by_the_code_before_ip() -> None:
    frame = one("".join(USER_BLOCK.splitlines(keepends=True)[1:]))
    assert frame.origin is Origin.SYSCALL
    assert [item.rule for item in frame.evidence] == ["log-entering-code"]


def test_a_left_out_orig_rax_is_minus_one_and_an_int3_before_ip_is_seen() -> None:
    frame = one(KERNEL_BLOCK)
    assert frame.origin is Origin.INT3
    assert "orig_ax" not in frame.registers
    meaning = next(m for m in frame.meanings if m.register == "orig_ax")
    assert meaning.decoded == "-1"


def test_cc_at_the_end_of_another_instruction_is_no_int3() -> None:
    text = KERNEL_BLOCK.replace("90 90 90 90 cc <90>", "b8 01 02 03 cc <90>")
    assert one(text).origin is Origin.UNKNOWN


def test_padding_before_a_function_is_no_int3() -> None:
    assert one(KERNEL_BLOCK.replace("+0x6/", "+0x0/")).origin is Origin.UNKNOWN


def test_int3_before_ip_does_not_count_against_an_orig_rax_of_zero() -> None:
    flags = "EFLAGS: 00000246"
    frame = one(KERNEL_BLOCK.replace(flags, f"{flags} ORIG_RAX: 0000000000000000"))
    assert Origin.INT3 not in (frame.origin, *frame.possible)


def test_a_syscall_frame_in_kernel_mode_is_not_believed() -> None:
    frame = one(" entry_SYSCALL_64_after_hwframe+0x44/0xa9\n" + KERNEL_BLOCK)
    assert Origin.SYSCALL not in (frame.origin, *frame.possible)
    assert "log-contradiction-mode" in [item.rule for item in frame.evidence]


def test_two_blocks_are_the_interrupted_kernel_and_the_syscall_below_it() -> None:
    text = f"int3: 0000 [#1] SMP\n{KERNEL_BLOCK}Call Trace:\n do_it+0x1/0x2\n{USER_BLOCK}"
    kernel, user = frames(text)
    assert (kernel.origin, user.origin) == (Origin.INT3, Origin.SYSCALL)
    assert kernel.error_code is None  # the 0000 is an argument of die()
    told = texts(kernel.story)
    for named in (f"line {user.line}", "57", "fork"):
        assert named in told


def test_two_cpus_that_print_at_once_come_apart_by_the_caller() -> None:
    left = [f"[    1.0][   C0] {line}" for line in KERNEL_BLOCK.splitlines()]
    right = [f"[    1.0][ T1234] {line}" for line in USER_BLOCK.splitlines()]
    mixed = [line for pair in zip(left, right, strict=False) for line in pair]
    mixed += right[len(left) :]
    found = frames("\n".join(mixed))
    assert sorted(frame.origin.value for frame in found) == ["int3", "syscall"]
    assert sorted(len(frame.registers) for frame in found) == [19, 21]


@pytest.mark.parametrize("lines", range(2, 10))
def test_a_text_that_ends_too_early_tells_what_it_has(lines: int) -> None:
    frame = one("".join(USER_BLOCK.splitlines(keepends=True)[:lines]))
    assert frame.origin is Origin.SYSCALL
    assert ("orig_ax" in frame.registers) is (lines > 3)
    if lines <= 3:  # cut before the line that would tell
        assert frame.syscall is None
        assert "log-orig-ax-untold" in rules(frame.story)
    if lines < 9:
        assert rules(frame.missing) & {"log-return-words-only", "log-registers-missing"}


def test_a_text_that_begins_too_late_concludes_nothing_from_the_left_out_orig_rax() -> None:
    frame = one("".join(KERNEL_BLOCK.splitlines(keepends=True)[3:]))
    assert frame.origin is Origin.UNKNOWN
    assert frame.user_mode is None
    assert "log-orig-ax-untold" in rules(frame.story)


def test_a_kernel_threads_zeros_are_no_frame() -> None:
    text = (
        " ret_from_fork+0x22/0x30\nRIP: 0000:0x0\n"
        "Code: Unable to access opcode bytes at 0xffffffffffffffd6.\n"
        "RSP: 0000:0000000000000000 EFLAGS: 00000000 ORIG_RAX: 0000000000000000\n"
        "RAX: 0000000000000000 RBX: 0000000000000000 RCX: 0000000000000000\n"
    )
    report = read_log(text, "-")
    assert report.frames == ()
    assert len(report.notes) == 1


def test_the_vector_of_old_entry_code_is_told() -> None:
    frame = one(
        "RIP: 0010:default_idle+0x1e/0x130\n"
        "RSP: 0018:ffffffff82003e98 EFLAGS: 00000246 ORIG_RAX: ffffffffffffff13\n"
        "RAX: ffffffff818f8ac0 RBX: 0000000000000000 RCX: 0000000000000000\n"
    )
    assert (frame.vector, frame.possible) == (0xEC, (Origin.IRQ, Origin.SYSVEC))


def test_a_segfaults_line_is_a_user_page_fault() -> None:
    frame = one("sh[94]: segfault at 10 ip 000000000047b7a0 sp 00007ffc1d8e1e08 error 6 in sh[400]")
    assert (frame.shape, frame.origin) == (FrameShape.TRAP_LINE, Origin.PAGE_FAULT)
    assert (frame.user_mode, frame.error_code, frame.vector) == (True, 6, 14)
    assert frame.registers == {"ip": 0x47B7A0, "sp": 0x7FFC1D8E1E08}


def test_the_summary_behind_the_end_is_said_to_be_the_first_oops() -> None:
    text = f"divide error: 0000 [#1]\n{KERNEL_BLOCK}---[ end trace 0 ]---\n{KERNEL_BLOCK}"
    first, again = frames(text)
    assert first.vector == 0
    assert again.repeats == first.line
    other = KERNEL_BLOCK.replace("0000000000000039", "0000000000000040")
    (_, again) = frames(f"divide error: 0000 [#2]\n{KERNEL_BLOCK}---[ end trace 0 ]---\n{other}")
    assert again.repeats is None
    assert again.story[0].rule == "log-first-oops-again"
    assert "log-first-oops-again" not in rules(first.story)
