# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a register means depends on what built its frame; the real ones are in tests/guest."""

from dataclasses import replace

import pytest

from inspector.explain.phrases import phrase
from inspector.model.context import Context
from inspector.model.frame import FoundIn
from inspector.model.origin import Origin
from inspector.model.symbol import Location
from inspector.model.syscall import Abi, Syscall
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
    assert f"{which} argument" in stated.text


def test_arguments_are_named_only_while_the_function_has_not_touched_them() -> None:
    probed = frame(Origin.INT3, kernel(LOW + 0x3000))
    assert phrase(probed, "dx", Context(at_entry=True)).rule == "function-argument"
    assert phrase(probed, "dx", Context(at_entry=False)).rule == "kernel-live"


def test_a_syscall_handler_has_one_argument() -> None:
    place = Location(0xFFFFFFFF81000005, "__x64_sys_fork", 5)
    probed = replace(frame(Origin.INT3, kernel(LOW + 0x3000)), interrupted=place)
    assert phrase(probed, "di", Context(at_entry=True)).rule == "handler-argument"
    assert phrase(probed, "si", Context(at_entry=True)).rule == "kernel-live"


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
    assert phrase(on, "flags", Context()).text.endswith("on")
    assert phrase(off, "flags", Context()).text.endswith("off")


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
