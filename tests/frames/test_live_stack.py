# SPDX-License-Identifier: LGPL-2.1-or-later
from inspector.frames.live_stack import says
from inspector.model.frame import Unwinder
from inspector.model.stack import CallFrame, Location, Stack, StackKind

STACK = Stack(StackKind.TASK, 0, 0x1000)
PC = 0xFFFFFFFF81000000


def call(sp: int, pc: int = PC, symbol: str | None = "do_syscall_64") -> CallFrame:
    return CallFrame(pc, sp, Location(pc, symbol, 1) if symbol else None)


CALLS = (call(0x100), call(0x200, PC + 5), call(0x300), call(0x600))


def test_a_call_frame_with_that_sp_and_that_return_address_confirms() -> None:
    assert says(CALLS, STACK, 0x200, PC + 5, from_note=False) is Unwinder.CONFIRMS


def test_the_right_sp_with_another_return_address_does_not() -> None:
    assert says(CALLS, STACK, 0x200, PC + 6, from_note=False) is Unwinder.CONTRADICTS


def test_a_frame_in_the_hole_of_another_call_frame_is_dead() -> None:
    assert says(CALLS, STACK, 0x400, PC, from_note=False) is Unwinder.CONTRADICTS


def test_a_step_from_text_without_a_symbol_proves_nothing() -> None:
    calls = (call(0x100), call(0x200, symbol=None), call(0x600))
    assert says(calls, STACK, 0x400, PC, from_note=False) is Unwinder.SILENT


def test_the_first_step_from_a_cpus_note_proves_nothing() -> None:
    assert says(CALLS, STACK, 0x180, PC, from_note=True) is Unwinder.SILENT
    assert says(CALLS, STACK, 0x180, PC, from_note=False) is Unwinder.CONTRADICTS


def test_a_step_to_another_stack_proves_nothing_of_either() -> None:
    calls = (call(0x100), call(0x2000), call(0x200))
    assert says(calls, STACK, 0x180, PC, from_note=False) is Unwinder.SILENT


def test_beyond_the_last_call_frame_nothing_is_said() -> None:
    assert says(CALLS, STACK, 0x700, PC, from_note=False) is Unwinder.SILENT
    assert says((), STACK, 0x700, PC, from_note=False) is Unwinder.SILENT
