# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each frame of every dump is called, against what else that dump tells of it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from drgn.helpers.linux.list import hlist_for_each_entry

from inspector.kernel.log import log_tail
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import Delivery, Origin
from inspector.model.stack import StackKind
from tests.frames.conftest import Dump, dump_called
from tests.kernel.conftest import NAMES

# The C side that returns to each way in, as the word below the frame names it (entry_64.S).
BELOW = {
    Origin.SYSCALL: "entry_SYSCALL_64_after_hwframe",
    Origin.INT3: "asm_exc_int3",
    Origin.PAGE_FAULT: "asm_exc_page_fault",
    Origin.GENERAL_PROTECTION: "asm_exc_general_protection",
    Origin.IRQ: "asm_common_interrupt",
}
_REGISTERS = re.compile(r"\b(R[0-9A-Z]{2}): (?:[0-9a-f]{4}:)?([0-9a-f]{16})\b")
_RIP = re.compile(r"RIP: 0010:(\S+)\+0x([0-9a-f]+)/")


def on_stacks(dump: Dump) -> list[Frame]:
    return [frame for frame in dump.frames if frame.found_in is FoundIn.STACK]


def test_a_frame_lies_aligned_on_a_stack_of_its_task_or_cpu(dump: Dump) -> None:
    for frame in on_stacks(dump):
        assert frame.address % 8 == 0
        assert frame.task is not None
        holding = [s for s in dump.stacks[frame.task.address] if frame.address in s]
        assert [stack.kind for stack in holding] == [frame.stack]
        assert frame.address + 168 <= holding[0].high


def test_no_two_frames_share_a_byte(dump: Dump) -> None:
    places = sorted(frame.address for frame in on_stacks(dump))
    assert all(other - one >= 168 for one, other in pairwise(places))


def test_registers_are_the_words_at_its_address(dump: Dump) -> None:
    for frame in on_stacks(dump):
        words = dump.target.words(frame.address, 21)
        absent = set(frame.absent)
        for (name, value), word in zip(frame.registers.items(), words, strict=True):
            assert name in absent or value == word


def test_the_word_below_it_returns_to_the_way_in(dump: Dump) -> None:
    checked = 0
    for frame in on_stacks(dump):
        expected = BELOW.get(frame.origin)
        if expected is None or frame.delivery is Delivery.FRED:
            continue
        word = dump.target.readable_word(frame.address - 8)
        if word is None:
            continue
        assert dump.target.prog.symbol(word - 1).name == expected
        checked += 1
    assert checked > 0 or dump.name.startswith("fred")


def test_a_mode_is_that_of_its_selector(dump: Dump) -> None:
    for frame in dump.frames:
        if "cs" not in frame.absent:
            assert frame.user_mode is bool(frame.registers.cs & 3)
        if frame.origin.is_syscall:
            assert frame.user_mode
            assert frame.stack is StackKind.TASK


def test_an_int3_that_a_kprobe_planted_stands_before_its_ip(dump: Dump) -> None:
    addresses = {
        probe.addr.value_()
        for head in dump.target.prog["kprobe_table"]
        for probe in hlist_for_each_entry("struct kprobe", head.address_of_(), "hlist")
    }
    for frame in on_stacks(dump):
        if frame.origin is Origin.INT3 and frame.kprobe is not None:
            assert frame.kprobe.address in addresses
            assert frame.kprobe.address == frame.registers.ip - 1


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("oops")])
def test_the_frame_that_killed_has_the_registers_that_the_kernel_printed(name: str) -> None:
    """__show_regs() prints the frame of the exception: each word of the log is one of it."""
    dump = dump_called(name)
    (frame,) = (frame for frame in dump.frames if frame.address == dump.killed_by)
    lines = [line.text for line in log_tail(dump.target, 100)]
    start = next(i for i, line in enumerate(lines) if _RIP.search(line))
    place = _RIP.search(lines[start])
    assert place is not None
    assert frame.interrupted is not None
    assert (place[1], int(place[2], 16)) == (frame.interrupted.symbol, frame.interrupted.offset)
    block = " ".join(lines[start : start + 8])
    printed = {_ours(name): int(word, 16) for name, word in _REGISTERS.findall(block)}
    assert len(printed) == 16
    assert {name: frame.registers[name] for name in printed} == printed


def _ours(printed: str) -> str:
    """R08 is r8, RAX is ax."""
    number = printed[1:]
    return f"r{int(number)}" if number.isdigit() else number.lower()
