# SPDX-License-Identifier: LGPL-2.1-or-later
"""Call frames of a task by drgn's unwinder, over the kernel's own ORC or DWARF."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, takewhile

from drgn import Object, Program, StackFrame, Type, TypeMember

from inspector.errors import InspectorError, Unreadable
from inspector.facts.addresses import ANY_KERNEL_LOW, EFI_RUNTIME, START_KERNEL_MAP
from inspector.facts.entry_points import FORK, KRETPROBE
from inspector.facts.entry_points import INT3 as INT3_ENTRIES
from inspector.kernel.cpus import noted_registers, registers_of
from inspector.kernel.crash_notes import return_from_noting, return_of
from inspector.model.registers import PT_REGS_SIZE, REGISTER_NAMES, Registers
from inspector.model.stack import CallFrame
from inspector.model.task import Running, Task
from inspector.target.faults import reading
from inspector.target.target import Target

# An idle task's first call is at a struct fork_frame (asm/switch_to.h), under its pt_regs.
_MOST_BELOW_ENTRY = 0x80

_INT3 = b"\xcc"
FIRST_CODE = re.compile(
    rf"{'|'.join(FORK)}|secondary_startup_64\w*|common_startup_64|start_secondary"
    r"|rewind_stack_\w+"
)
"""The first code of a task and of a CPU: it is returned to without having called anything."""

_TRAMPOLINES = re.compile("|".join(KRETPROBE))

_NEAR = b"\xe8\xcc"  # call rel32, or an int3 that a probe put in its place
_INDIRECT = b"\xff\xcc"  # call r/m64
# What may stand 7, 6, … 1 bytes before an address that a call returns to.
_CALLS = (_INDIRECT, _INDIRECT, _NEAR, _INDIRECT, _INDIRECT, _INDIRECT, b"")
_MOST_UNKNOWN = 16  # functions without unwind tables on one way
_MOST_INT3S = 16  # on the stacks of one CPU; a damaged one may be endless


def call_frames(target: Target, task: Task) -> tuple[CallFrame, ...]:
    """The physical call frames of ``task``, innermost first, without inlined and user ones.

    :raises Unreadable: if the stack cannot be read
    :raises TargetError: if drgn cannot unwind it
    """
    with reading(f"stack of pid {task.pid}"):
        calls = _after_noting(target, task) or _unwound(target, _start(target, task))
        if task.running is Running.ON_CPU and calls:
            return _through_unknown(target, calls)
        return calls


def calls_from(target: Target, ip: int, sp: int) -> tuple[CallFrame, ...]:
    """The physical call frames from the return address ``ip`` on, innermost first.

    :param sp: the stack pointer after that return
    :raises Unreadable: if the stack cannot be read
    :raises TargetError: if drgn cannot unwind it
    """
    with reading(f"calls from {ip:#x}"):
        return _through_unknown(target, _from_return(target, ip, sp))


def _through_unknown(target: Target, calls: Sequence[CallFrame]) -> tuple[CallFrame, ...]:
    """``calls``, and those behind functions that no table covers."""
    found = list(calls)
    for _ in range(_MOST_UNKNOWN):
        after = _return_of(target, found[-1])
        if after is None:
            break
        found += _from_return(target, *after)
    return tuple(found)


def calls_interrupted(target: Target, registers: Registers, probed: bool) -> tuple[CallFrame, ...]:
    """The physical call frames of code with these ``registers``, innermost first.

    :param probed: ip is one byte into the instruction that was probed, and none of it has run
    :raises Unreadable: if the stack cannot be read
    :raises TargetError: if drgn cannot unwind it
    """
    known = dict(registers.items())
    with reading(f"calls from {registers.ip:#x}"):
        calls = _unwound(target, _registers(target, known | {"ip": registers.ip - probed}))
    location = target.symbols.locate(registers.ip)
    return _through_unknown(target, (CallFrame(registers.ip, registers.sp, location), *calls[1:]))


def _from_return(target: Target, ip: int, sp: int) -> tuple[CallFrame, ...]:
    # Of a call that never returns, ip may be of the next function: look it up in the call.
    calls = _unwound(target, _registers(target, {"ip": ip - 1, "sp": sp}))
    return (CallFrame(ip, sp, target.symbols.locate_return(ip)), *calls[1:])


def _return_of(target: Target, call: CallFrame) -> tuple[int, int] | None:
    """Where ``call``, with which the unwinder stopped, returns to; None if unknown."""
    if call.sp is None or _is_in(call, FIRST_CODE):
        return None
    unrun = call.pc < START_KERNEL_MAP or (call.location is not None and not call.location.offset)
    if unrun:  # it was called, and nothing of it ran
        word = target.readable_word(call.sp)
        if word is not None:
            outer = CallFrame(word, call.sp + 8, target.symbols.locate_return(word))
            if outer.location is not None and _called_from(target, call, outer):
                return word, call.sp + 8
    if call.location is None:
        return None
    return return_of(target, call.pc - call.location.offset, call.sp)


def _after_noting(target: Target, task: Task) -> tuple[CallFrame, ...]:
    """From the caller of what noted the registers of a CPU that panicked.

    Empty for any other task, and where the way does not end where the kernel was entered.
    """
    if task.running is not Running.ON_CPU:
        return ()
    noted = noted_registers(target, task)
    after = return_from_noting(target, noted)
    if after is None:
        return ()
    ip, sp = after
    try:
        with reading(f"calls of a panic of pid {task.pid}"):
            calls = _unwound(target, _registers(target, {**noted, "ip": ip, "sp": sp}))
    except InspectorError:
        return ()
    if len(calls) < 2 or calls[-1].sp is None or task.entry_address is None:
        return ()
    if calls[-1].sp < task.entry_address - _MOST_BELOW_ENTRY:
        return ()
    caller, *others = calls
    noting = CallFrame(noted["ip"], noted["sp"], target.symbols.locate(noted["ip"]))
    return noting, replace(caller, location=target.symbols.locate_return(ip)), *others


def _unwound(target: Target, start: Object) -> tuple[CallFrame, ...]:
    calls = list[CallFrame]()
    again: Object | None = start
    for _ in range(_MOST_INT3S):
        if again is None:
            break
        again = _add(target, calls, islice(_frames(target, again), 1 if calls else 0, None))
    # In user space drgn goes on guessing: by frame pointers, in memory that may not be there.
    return tuple(takewhile(lambda frame: frame.pc >= ANY_KERNEL_LOW, calls))


def _add(
    target: Target, calls: list[CallFrame], frames: Iterator[tuple[StackFrame, CallFrame]]
) -> Object | None:
    """Add ``frames`` to ``calls``, up to what no call can have led to.

    :returns: what to begin at anew behind an int3; None where that is all
    """
    for frame, call in frames:
        called = calls and call.pc >= ANY_KERNEL_LOW and not frame.interrupted
        if called and not _called_from(target, calls[-1], call):
            return None
        again = None
        if calls and frame.interrupted and _is_of_int3(calls[-1]):
            again = _at_int3(target, frame, call)
        calls.append(call)
        if again is not None:
            return again
    return None


def _called_from(target: Target, inner: CallFrame, outer: CallFrame) -> bool:
    """Whether ``inner`` can return to ``outer``.

    Where no table covers ``inner``, drgn goes on by the frame pointer, which most kernels use for
    other things: what it finds is believed if a call stands before it.
    """
    if _is_in(inner, _TRAMPOLINES):
        return False  # it returns to what it holds in its struct pt_regs
    if _is_in(outer, FIRST_CODE):
        return True
    if outer.pc < START_KERNEL_MAP and outer.pc not in EFI_RUNTIME:
        return False  # no text of the kernel or its modules
    if _is_given_back(target, outer.pc):
        return outer.location is not None
    try:
        code = target.read(outer.pc - len(_CALLS), len(_CALLS))
    except Unreadable:
        code = b""
    if not any(code):  # a small dump may lack the text, or have zeros in its place
        return inner.location is not None and outer.location is not None
    return any(
        byte in expected and set(code[at:]) != set(_INT3)
        for at, (byte, expected) in enumerate(zip(code, _CALLS, strict=True))
    )


def _is_given_back(target: Target, pc: int) -> bool:
    """Whether ``pc`` is in init text: its memory is poisoned, or used for something else."""
    low, high = target.symbols.address_of("_sinittext"), target.symbols.address_of("_einittext")
    return low is not None and high is not None and low <= pc <= high


def _is_in(call: CallFrame, symbols: re.Pattern[str]) -> bool:
    return call.location is not None and symbols.fullmatch(call.location.symbol) is not None


def _frames(target: Target, start: Object) -> Iterator[tuple[StackFrame, CallFrame]]:
    for frame in target.prog.stack_trace(start):
        if not frame.is_inline:
            yield frame, _call_frame(target, frame)


def _is_of_int3(call: CallFrame) -> bool:
    return call.location is not None and call.location.symbol in INT3_ENTRIES


def _at_int3(target: Target, frame: StackFrame, call: CallFrame) -> Object | None:
    """What to begin at anew behind ``frame``, which an int3 interrupted; None where not to.

    The CPU pushes the address after the int3, but what stood there was not executed: where that
    is a push of one byte, ORC at that address knows a stack that is one word further down.
    """
    if call.location is None or call.location.offset == 0:
        return None  # ip was changed: int3_emulate_call() (asm/text-patching.h), a kprobe's slot
    try:
        if target.read(call.pc - 1, 1) != _INT3:
            return None
    except Unreadable:
        pass  # a small dump may lack the text
    return _registers(target, registers_of(frame) | {"ip": call.pc - 1})


def _start(target: Target, task: Task) -> Object:
    """What drgn is to begin at: the task, or the registers of its CPU where only we know them."""
    known = target.cpu_registers.get(task.cpu) if task.running is Running.ON_CPU else None
    if known is None:
        return Object(target.prog, "struct task_struct *", value=task.address)
    return _registers(target, known)


def _registers(target: Target, known: Mapping[str, int]) -> Object:
    words = struct.pack("<21Q", *(known.get(name, 0) for name in REGISTER_NAMES))
    return Object.from_bytes_(target.prog, _pt_regs(target.prog), words)


def _pt_regs(prog: Program) -> Type:
    """``struct pt_regs``, of which drgn looks at the name alone: a small dump may lack the type."""
    word = prog.int_type("unsigned long", 8, False)
    members = [TypeMember(word, name, 64 * i) for i, name in enumerate(REGISTER_NAMES)]
    return prog.struct_type("pt_regs", PT_REGS_SIZE, members)


def _call_frame(target: Target, frame: StackFrame) -> CallFrame:
    try:
        pc, sp = frame.pc, frame.sp
    except LookupError:
        return CallFrame(0, None, None)
    look = target.symbols.locate if frame.interrupted else target.symbols.locate_return
    return CallFrame(pc, sp, look(pc))
