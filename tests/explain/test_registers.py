# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a register means depends on what built its frame; the real ones are in tests/guest."""

from dataclasses import replace

import pytest

from inspector.explain.phrases import phrase
from inspector.model.context import Context
from inspector.model.origin import Origin
from inspector.model.symbol import Location
from inspector.model.syscall import Abi, Syscall
from tests.classify.values import LOW, kernel, user
from tests.explain.test_story import FORK, frame

PAUSE32 = Syscall(29, Abi.IA32, "pause", None)


def test_cx_and_r11_are_ip_and_flags_only_while_they_still_are() -> None:
    fresh = frame(Origin.SYSCALL, user())
    assert "SYSCALL instruction saves it in rcx" in phrase(fresh, "cx", Context())
    assert "SYSCALL instruction saves it in r11" in phrase(fresh, "r11", Context())
    rewritten = frame(Origin.SYSCALL, user(cx=1, r11=2))
    assert "rewrote the frame" in phrase(rewritten, "cx", Context())
    assert "rewrote the frame" in phrase(rewritten, "r11", Context())


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
    assert f"{which} argument" in phrase(entry, register, Context())


def test_arguments_are_named_only_while_the_function_has_not_touched_them() -> None:
    probed = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert "third argument" in phrase(probed, "dx", Context(at_entry=True))
    assert "argument" not in phrase(probed, "dx", Context(at_entry=False))


def test_a_syscall_handler_has_one_argument() -> None:
    place = Location(0xFFFFFFFF81000005, "__x64_sys_fork", 5)
    probed = replace(frame(Origin.INT3, kernel(LOW + 0x3000)), interrupted=place)
    assert "only argument" in phrase(probed, "di", Context(at_entry=True))
    assert "argument" not in phrase(probed, "si", Context(at_entry=True))


def test_an_orig_ax_that_is_not_yet_minus_one_is_the_error_code_or_the_vector() -> None:
    fault = frame(Origin.PAGE_FAULT, kernel(LOW + 0x3000, orig_ax=2))
    assert "error code" in phrase(fault, "orig_ax", Context())
    settled = frame(Origin.PAGE_FAULT, kernel(LOW + 0x3000))
    assert "leaves -1" in phrase(settled, "orig_ax", Context())
    irq = frame(Origin.IRQ, kernel(LOW + 0x3000, orig_ax=0x24))
    assert "vector" in phrase(irq, "orig_ax", Context())


def test_flags_say_whether_interrupts_were_on() -> None:
    on = frame(Origin.NMI, kernel(LOW + 0x3000, flags=0x202))
    off = frame(Origin.NMI, kernel(LOW + 0x3000, flags=0x2))
    assert phrase(on, "flags", Context()).endswith("on")
    assert phrase(off, "flags", Context()).endswith("off")


def test_a_return_probe_knows_what_a_function_gives_back() -> None:
    returned = frame(Origin.KRETPROBE, kernel(LOW + 0x3000))
    assert "return value" in phrase(returned, "ax", Context())
    assert "gives it back" in phrase(returned, "r12", Context())
    assert "left over" in phrase(returned, "si", Context())


def test_nothing_is_claimed_of_a_frame_of_unknown_origin() -> None:
    unknown = frame(Origin.UNKNOWN, kernel(LOW + 0x3000))
    for register, _ in unknown.registers.items():
        assert phrase(unknown, register, Context()).startswith("not known")


def test_what_was_not_written_beside_cs_is_said_to_be_left_over() -> None:
    stale = frame(Origin.OPTPROBE, kernel(LOW + 0x3000, cs=0xFFFFCB2B804C0010))
    assert "left over" in phrase(stale, "cs", Context())
    assert phrase(frame(Origin.OPTPROBE, kernel(LOW + 0x3000)), "cs", Context()) == "kernel mode"
