# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames on the live part of the stacks that a task was running on, innermost first.

A task that sleeps has one live part: from ``thread.sp`` up. One that owns a CPU may have
been interrupted again and again: the stacks are followed outwards, from the CPU's registers
in the dump through IRQ and IST stacks to its task stack.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from inspector.errors import InspectorError, Unreadable
from inspector.facts.entry_points import EntryKind
from inspector.frames.naming import Surroundings
from inspector.frames.scan import CalledCode, kernel_frames
from inspector.frames.standing import TRAPS, Live, Standing, Standings, live_from, stacks_of
from inspector.kernel.cpus import next_stack_pointer
from inspector.kernel.unwinder import FIRST_CODE, call_frames, calls_from, calls_interrupted
from inspector.model.frame import Candidate, FoundBy, Unwinder
from inspector.model.registers import PT_REGS_SIZE, REGISTER_OFFSETS, Registers
from inspector.model.stack import CallFrame, Stack, StackKind
from inspector.model.task import Running, Task
from inspector.target.target import Target


def says(
    calls: Sequence[CallFrame], stack: Stack, address: int, below: int, *, from_note: bool
) -> Unwinder:
    """Compare the frame at ``address``, with ``below`` at ``[address - 8]``, with ``calls``.

    In entry code the stack pointer *is* the frame's address (ORC's UNWIND_HINT_REGS), and
    the call that was given the frame returns there: a live frame shows as a call frame
    with that sp and that pc. One that lies inside another call frame is dead. That is
    believed only of steps that the kernel's own tables made: not from text without a
    symbol, and not of the first step from a CPU's note, whose ip is a label that the
    compiler may have put anywhere (``_THIS_IP_`` in crash_setup_regs()).

    :param calls: innermost first, over all the stacks that the unwinder went through
    :param stack: the one that ``address`` is on
    :param from_note: the unwinder began at a CPU's note, not at ``thread.sp``
    """
    if any(call.sp == address and call.pc == below for call in calls):
        return Unwinder.CONFIRMS
    for inner, outer in pairwise(calls[1:] if from_note else calls):
        if inner.sp is None or outer.sp is None or inner.location is None:
            continue
        if inner.sp not in stack or outer.sp not in stack:
            continue  # from one stack to another: sp does not ascend
        if inner.sp <= address < outer.sp:
            return Unwinder.CONTRADICTS
    return Unwinder.SILENT


class Asleep(NamedTuple):
    """What one read of a sleeping task's stack showed.

    :ivar candidates: what looks like a frame of kernel mode, innermost first
    :ivar top: the address of its entry frame
    :ivar entry: the word below that, then its 21 words; empty for a kernel thread
    """

    candidates: Sequence[Candidate]
    top: int
    entry: tuple[int, ...]


_ENTRY = struct.Struct("<22Q")
_MOST_WAYS = 16  # of one task; each goes on from another frame
# Entry code that text calls: what the frame holds leads on.
_GIVEN_FRAMES = (EntryKind.KRETPROBE, EntryKind.FTRACE_FULL, EntryKind.FTRACE_ARGS)


class LiveStacks:
    """Follows the stacks of tasks.

    :param stacks_of: CPU number → its stacks
    """

    def __init__(
        self, target: Target, around: Surroundings, stacks_of: Mapping[int, tuple[Stack, ...]]
    ) -> None:
        self._target = target
        self._around = around
        self._stacks_of = stacks_of
        self._called = CalledCode(target, around)
        self._standings = Standings(target, around, stacks_of)

    def innermost(self, task: Task) -> Live | None:
        """The address where the live part begins; None if unknown, or in user mode."""
        if task.running is Running.OFF_CPU:
            return self._live(task, task.sp)
        try:
            return self._standings.of(task).live
        except InspectorError:
            return None

    def standing(self, task: Task) -> Standing:
        """The place where the CPU of a running task stood.

        :raises TargetError: if the dump does not tell
        """
        return self._standings.of(task)

    def calls(self, task: Task) -> tuple[CallFrame, ...]:
        """The physical call frames of ``task``, innermost first, without inlined and user ones.

        :raises Unreadable: if the stack cannot be read
        :raises TargetError: if it cannot be unwound
        """
        calls = list(self._unwound(task))
        if not calls or self._ends(calls[-1]):
            return tuple(calls)
        try:
            frames = list(self.candidates(task))
        except InspectorError:
            frames = []
        for _ in range(_MOST_WAYS):
            if self._ends(calls[-1]):
                break
            more = self._go_on(calls[-1], calls, frames)
            if not more:
                calls[-1] = replace(calls[-1], lost=True)
                break
            calls += more
        return tuple(calls)

    def _unwound(self, task: Task) -> tuple[CallFrame, ...]:
        """The calls up to where the kernel's unwind tables end."""
        start = self._standings.of(task).start if task.running is Running.ON_CPU else None
        return calls_from(self._target, *start) if start else call_frames(self._target, task)

    def _ends(self, call: CallFrame) -> bool:
        """Whether ``call`` is outermost: entry code, or the first code of a task or a CPU."""
        location = call.location
        if location is None or call.lost:
            return call.lost
        entry = self._around.entry_points.of(location)
        if entry is None:
            return FIRST_CODE.fullmatch(location.symbol) is not None
        if entry.kind in TRAPS and call.sp is not None:
            return self._from_user_mode(call.sp)
        return entry.kind not in _GIVEN_FRAMES

    def _from_user_mode(self, frame: int) -> bool:
        try:
            return bool(self._target.word(frame + REGISTER_OFFSETS["cs"]) & 3)
        except Unreadable:
            return False

    def _go_on(
        self, last: CallFrame, calls: list[CallFrame], frames: Sequence[Candidate]
    ) -> Sequence[CallFrame]:
        """Continue behind ``last`` with the registers of the next live frame.

        Generated text (a trampoline, an optimised probe's detour) has no unwind tables; where it
        was given the frame at its sp, that frame tells what it will return to. Else what is
        between ``last`` and the next frame is lost, which is marked in ``calls``.
        """
        try:
            for frame in frames:
                word = frame.below
                if word is not None and (frame.address, word.value) == (last.sp, last.pc):
                    probed = frame.kprobe is not None
                    return calls_interrupted(self._target, frame.registers, probed)
            outward = self._outward_of(calls, frames)
            if outward is None or outward.below is None:
                return ()
            more = calls_from(self._target, outward.below.value, outward.address)
        except InspectorError:
            return ()
        calls[-1] = replace(last, lost=True)
        return more

    def _outward_of(
        self, calls: Sequence[CallFrame], frames: Sequence[Candidate]
    ) -> Candidate | None:
        """The first of ``frames`` that the unwinder has not reached."""
        sps = {call.sp for call in calls}
        passed = max((i for i, f in enumerate(frames) if f.address in sps), default=-1)
        last = calls[-1].sp or 0
        for frame in frames[passed + 1 :]:
            inside = frame.stack is not None and last in frame.stack and frame.address < last
            if not inside and _entered(frame) and frame.unwinder is not Unwinder.CONTRADICTS:
                return frame
        return None

    def asleep(self, task: Task) -> Asleep | None:
        """Read the live part of a sleeping task's stack, with its entry frame, in one read.

        None if there is more to read, or it cannot be read: see :meth:`candidates`.
        """
        stack, top = task.stack, task.entry_address
        if task.running is Running.ON_CPU or stack is None or top is None:
            return None
        low = max(task.sp & ~7, stack.low + 8) - 8
        if task.sp not in stack or low >= top - 8:
            return None
        high = top if task.kernel_thread else top + PT_REGS_SIZE
        try:
            data = self._target.read(low, high - low)
        except Unreadable:
            return None
        entry = () if task.kernel_thread else _ENTRY.unpack_from(data, top - 8 - low)
        return Asleep(self._among(task, stack, low, data[: top - low]), top, entry)

    def candidates(self, task: Task) -> Iterator[Candidate]:
        """Candidates for frames of kernel mode on the task's stacks.

        :raises Unreadable: if a live part is missing, or the way to the next stack is lost
        :raises TargetError: if its CPU's registers are missing: then nothing tells what is live
        """
        if task.running is Running.ON_CPU:
            live = self._standings.of(task).live
        else:
            live = self._live(task, task.sp)
        seen = set[StackKind]()
        while live is not None and live.stack.kind not in seen:
            seen.add(live.stack.kind)
            found = self._on(task, live)
            yield from found
            live = self._next(task, live.stack, found)

    def _next(self, task: Task, stack: Stack, found: list[Candidate]) -> Live | None:
        sp = self._outwards(stack, found) or self._called_from(task, stack)
        if sp is None:
            return None
        live = self._live(task, sp)
        if live is None:
            raise Unreadable(
                sp, 8, f"sp left the {stack.kind.value} stack for an unknown stack", "stack-left"
            )
        return live

    def _live(self, task: Task, sp: int) -> Live | None:
        return live_from(stacks_of(task, self._stacks_of), sp)

    def _outwards(self, stack: Stack, found: list[Candidate]) -> int | None:
        """The saved stack pointer of the next stack outwards."""
        if stack.kind is StackKind.IRQ:
            return next_stack_pointer(self._target, stack)
        slots = (c for c in found if c.in_hardware_slot and _entered(c))
        return next((c.registers.sp for c in slots), None)

    def _called_from(self, task: Task, stack: Stack) -> int | None:
        """The stack pointer of the first call that stands on another stack than ``stack``, from
        which a call changed to that one: ``page_fault_oops()`` does so by hand.
        """
        calls = self._call_frames(task)
        on = [i for i, call in enumerate(calls) if call.sp is not None and call.sp in stack]
        return next((call.sp for call in calls[on[-1] + 1 :]), None) if on else None

    def _on(self, task: Task, live: Live) -> list[Candidate]:
        own_top = live.stack == task.stack and task.entry_address is not None
        high = task.entry_address if own_top and task.entry_address else live.stack.high
        start = max(live.low, live.stack.low + 8)
        if start >= high:
            return []
        data = self._target.read(start - 8, high - start + 8)
        return self._among(task, live.stack, start - 8, data)

    def _among(self, task: Task, stack: Stack, low: int, data: bytes) -> list[Candidate]:
        """Candidates in ``data``, which begins at ``low``, a word below what is live."""
        called, plausible = self._called.frames(data), kernel_frames(data)
        slot = stack.slot
        entered = self._entered_at(task, stack, low)
        if not (called or plausible or slot or entered):
            return []
        places = dict.fromkeys(called, FoundBy.RETURN_ADDRESS)
        places |= {at: FoundBy.SCAN for at in plausible if at > 0}
        if slot is not None and slot > low:
            # Found wherever its sp points: a double fault may come of just that.
            places[slot - low] = FoundBy.SCAN
        places |= {at: FoundBy.SCAN for at in entered if at + PT_REGS_SIZE <= len(data)}
        if not places:
            return []
        calls = self._call_frames(task)
        return [
            self._candidate(task, stack, low + at, data[at - 8 :], found_by, calls)
            for at, found_by in sorted(places.items())
        ]

    def _entered_at(self, task: Task, stack: Stack, low: int) -> list[int]:
        """Where entry code on the way of the calls has its frame: one whose ip is no address of
        text, as after a call of NULL, looks like none.
        """
        if task.running is Running.OFF_CPU:
            return []
        return [
            call.sp - low
            for call in self._call_frames(task)
            if call.sp is not None and call.sp in stack and call.sp - low >= 8
            if (entry := self._around.entry_points.of(call.location)) and entry.kind in TRAPS
        ]

    def _candidate(
        self,
        task: Task,
        stack: Stack,
        address: int,
        data: bytes,
        found_by: FoundBy,
        calls: tuple[CallFrame, ...],
    ) -> Candidate:
        below = int.from_bytes(data[:8], "little")
        from_note = task.running is Running.ON_CPU
        return self._around.candidate(
            found_by,
            address,
            Registers.from_bytes(data[8 : 8 + PT_REGS_SIZE]),
            below=below,
            stack=stack,
            task=task,
            cpu=task.cpu,
            unwinder=says(calls, stack, address, below, from_note=from_note),
        )

    def _call_frames(self, task: Task) -> tuple[CallFrame, ...]:
        try:
            return self._unwound(task)
        except InspectorError:
            return ()


def _entered(candidate: Candidate) -> bool:
    return candidate.below is not None and candidate.below.entry is not None
