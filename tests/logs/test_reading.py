# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands around a log, and what breaks it: none of it changes what the log tells."""

from __future__ import annotations

import base64
import io

import pytest

from inspector.logs.read import LogReading, read_log
from inspector.model.oops import ToldFrame
from inspector.model.origin import Origin

BLOCK = """\
RIP: 0033:0x7f1234567890
RSP: 002b:00007ffc1d8e1e08 EFLAGS: 00000202 ORIG_RAX: 0000000000000039
RAX: ffffffffffffffda RBX: 0000000000000001 RCX: 00007f1234567890
RDX: 000000000000000b RSI: 00000000393ac8f0 RDI: 0000000000000001
RBP: 00000000393ac8f0 R08: 0000000000000000 R09: 0079727465652d77
R10: 00000000000001b6 R11: 0000000000000202 R12: 000000000000000b
R13: 00000000393aa3a0 R14: 0000000000000001 R15: 00007ffc1d8e1e70
"""
LEFT = "RIP: 0010:left+0x10/0x20\nRSP: 0018:ffffc90000a13d98 EFLAGS: 00010246\n"
RIGHT = "RIP: 0010:right+0x10/0x20\nRSP: 0018:ffffc90000b13d98 EFLAGS: 00000246\n"
ROW = "RAX: {0:016x} RBX: {0:016x} RCX: {0:016x}\n"


def frames(text: str | bytes) -> tuple[ToldFrame, ...]:
    data = text.encode() if isinstance(text, str) else text
    return tuple(f for report in LogReading(io.BytesIO(data)).reports() for f in report.frames)


def prefixed(prefix: str) -> str:
    return "".join(f"{prefix}{line}\n" for line in BLOCK.splitlines())


@pytest.mark.parametrize(
    "prefix",
    [
        "web-3 | 2026/11/28 08:41:35 [kmsg] ",
        "Nov 28 08:41:35 host.example.org console#7: ",
        "    MESSAGE=",
        "%% 17 %% ",
        "2026-11-28 08:41:35.123 ttyS0> ",
    ],
)
def test_whatever_stands_before_rip_is_a_prefix(prefix: str) -> None:
    assert frames(prefixed(prefix)) == frames(BLOCK)


def test_a_mail_in_base64_is_read_with_the_numbers_of_its_lines() -> None:
    head = "Content-Transfer-Encoding: base64\n\n"
    body = base64.encodebytes(BLOCK.encode()).decode()
    (frame,) = frames(head + body)
    assert (frame.origin, frame.line) == (Origin.SYSCALL, 3)
    assert frame.registers == frames(BLOCK)[0].registers


def test_utf_16_is_read() -> None:
    assert frames(BLOCK.encode("utf-16")) == frames(BLOCK)


@pytest.mark.parametrize("width", [40, 57, 64, 70, 80])
def test_a_terminal_that_wraps_hides_no_register(width: int) -> None:
    broken = "\n".join(
        line[at : at + width] for line in BLOCK.splitlines() for at in range(0, len(line), width)
    )
    found = frames(broken)
    registers = {name: value for frame in found for name, value in frame.registers.items()}
    told = frames(BLOCK)[0].registers
    assert all(told[name] == value for name, value in registers.items())


def test_what_two_cpus_print_at_once_is_given_to_neither() -> None:
    left, right = LEFT.splitlines(), RIGHT.splitlines()
    text = "\n".join(line for pair in zip(left, right, strict=True) for line in pair) + "\n"
    first, second = frames(text + ROW.format(1) + ROW.format(2))
    assert "sp" not in first.registers
    assert "ax" not in first.registers
    assert "sp" not in second.registers
    assert "ax" not in second.registers
    assert "log-mixed-lines" in [lack.rule for lack in second.missing]


def test_a_frame_under_two_headlines_may_be_of_either() -> None:
    text = (
        "general protection fault: 0000 [#1] SMP\n"
        "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [x:1]\n"
    )
    (frame,) = frames(text + LEFT + ROW.format(1))
    assert frame.origin is Origin.UNKNOWN
    assert {Origin.GENERAL_PROTECTION, Origin.SYSVEC} <= set(frame.possible)


def test_many_reports_of_one_place_are_counted() -> None:
    one = f"divide error: 0000 [#1] SMP\n{LEFT}{ROW.format(1)}---[ end trace 0 ]---\n"
    report = read_log(one * 100, "-")
    assert len(report.reports) < 20
    (note,) = report.notes
    assert note.rule == "log-folded"


@pytest.mark.parametrize("code", [2, 6])
def test_the_error_code_tells_whose_page_fault_it_was(code: int) -> None:
    text = (
        "BUG: unable to handle page fault for address: 0000000000000008\n"
        f"Oops: {code:04x} [#1] SMP\n"
    )
    (frame,) = frames(text + BLOCK.replace(" ORIG_RAX: 0000000000000039", ""))
    assert (frame.origin is Origin.PAGE_FAULT) is (code == 6)
    assert ("log-contradiction-headline-mode" in [e.rule for e in frame.evidence]) is (code == 2)


@pytest.mark.parametrize(("headline", "settled"), [("kernel BUG at mm/x.c:1!", False), ("", True)])
def test_only_a_bug_must_stand_at_an_undefined_instruction(headline: str, settled: bool) -> None:
    """The CPU refuses others, too: those that it does not have."""
    code = f"Code: {'90 ' * 42}<c5> f8 77 90\n"
    text = f"{headline}\ninvalid opcode: 0000 [#1] SMP\n{LEFT.replace('RSP', code + 'RSP')}"
    (frame,) = frames(text + ROW.format(1))
    assert (frame.vector == 6) is settled


def test_a_register_that_does_not_exist_is_none() -> None:
    (frame,) = frames(BLOCK.replace("R12:", "R18:"))
    assert frame.registers.keys() == frames(BLOCK)[0].registers.keys() - {"r12"}


def test_the_bytes_of_a_user_program_are_no_kernel_frames() -> None:
    """show_signal_msg() prints Code: behind a segfault, long after the kernel's own report."""
    text = (
        "divide error: 0000 [#1] SMP\nCPU: 1 PID: 3 Comm: x Not tainted 5.10.9 #1\n"
        f"{LEFT}{ROW.format(1)}Call Trace:\n x+0x1/0x2\n"
        "x[3]: segfault at 8 ip 0000000000401136 sp 00007ffe0a0b0c00 error 6 in x[401000+1000]\n"
        f"Code: {'90 ' * 42}<48> 89 07 90\n"
    )
    kernel, _ = frames(text)
    assert kernel.instruction is None
