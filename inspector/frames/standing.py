# SPDX-License-Identifier: LGPL-2.1-or-later
"""The place where a CPU stood when the dump was made: the innermost live place on its stacks.

What a dump notes of a CPU is one of four things, and only two of them are that place:

- QEMU's vCPU: the registers of the moment, below everything that is live;
- ``__crash_kexec()``'s own registers (``panic()``, and an oops that goes through it);
- a copy of the frame of the exception that crashed the kernel (``oops_end()``): that frame is
  live, and so are the calls below it, down to ``machine_kexec()``;
- a copy of an NMI's frame, on the CPUs that the crash stopped: that frame is live.

Which one it is shows by comparing all 21 words with the frames on the CPU's stacks. ``below`` would
not tell: the copied frame may lie on another stack than the sp in it, and ``page_fault_oops()``
changes to the double-fault stack by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inspector.errors import InspectorError, TargetError, Unreadable
from inspector.facts.entry_points import EntryKind
from inspector.frames.naming import Surroundings
from inspector.frames.scan import kernel_frames
from inspector.kernel.cpus import noted_registers, online_cpus, panicking_cpu, same_state
from inspector.kernel.crash_notes import (
    CrashNote,
    crash_note,
    notes_itself,
    returns_from_kexec,
    returns_to,
)
from inspector.kernel.unwinder import calls_from
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.model.stack import CallFrame, Stack, StackKind
from inspector.model.task import Task
from inspector.target.target import Target

_NO_REGISTERS = (
    "the registers of cpu {} are missing: which frames of the kernel on its stacks are live"
    " is unknown"
)
_OFFLINE = "cpu {} was offline when the kernel crashed: nothing on its stacks is live"
_NO_NOTE = (
    "cpu {} wrote no crash note, for it did not answer when the kernel crashed: which frames of"
    " the kernel on its stacks are live is unknown"
)
_STALE = (
    "the crash note of cpu {} is of pid {}, and the CPU runs another task: the note is stale, and"
    " which frames of the kernel on its stacks are live is unknown"
)
_GUARD_PAGE = 4096  # below every task, IRQ (CONFIG_VMAP_STACK) and IST stack

# Between a frame and the sp that it holds: int3's gap is 0x38, FRED leaves up to 0x88.
_MOST_BETWEEN = 0x100
_MOST_OF_MACHINE_KEXEC = 0x400  # bytes of its call frame
_MOST_OF_CRASH_KEXEC = 0x200  # bytes of its call frame below the end of its struct pt_regs

TRAPS = (EntryKind.EXCEPTION, EntryKind.NMI, EntryKind.IRQ, EntryKind.SYSVEC, EntryKind.FRED)
"""Kinds of entry code that the CPU itself goes to."""


@dataclass(frozen=True, slots=True)
class Live:
    """The live part ``[low, stack.high)`` of one stack."""

    stack: Stack
    low: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a CPU stood.

    :ivar live: its innermost live place, None where it ran user code
    :ivar start: ip and sp after a return, where its calls are to be unwound from; None where
        its noted registers are that place
    :ivar note: the kernel's own note of the CPU, None where it wrote none
    :ivar copied: the address of the frame on a stack that the note is a copy of, or None
    """

    live: Live | None
    start: tuple[int, int] | None = None
    note: CrashNote | None = None
    copied: int | None = None


def stacks_of(task: Task, of_cpus: Mapping[int, tuple[Stack, ...]]) -> tuple[Stack, ...]:
    """The task's own stack, and those of its CPU."""
    own = (task.stack,) if task.stack else ()
    return (*own, *of_cpus.get(task.cpu, ()))


def live_from(stacks: tuple[Stack, ...], sp: int) -> Live | None:
    """The live part that begins at ``sp``; None where that is on none of ``stacks``."""
    for stack in stacks:
        if sp in stack:
            return Live(stack, sp & ~7)
        if stack.low - _GUARD_PAGE <= sp < stack.low:
            return Live(stack, stack.low)  # it ran over: all of it is in use
    return None


class Standings:
    """Finds where CPUs stood; cached for dumps.

    :param of_cpus: CPU number → its stacks
    """

    def __init__(
        self, target: Target, around: Surroundings, of_cpus: Mapping[int, tuple[Stack, ...]]
    ) -> None:
        self._target = target
        self._around = around
        self._of_cpus = of_cpus
        self._known: dict[int, Standing] = {}

    def of(self, task: Task) -> Standing:
        """Where the CPU of ``task`` stood, which owned it.

        :raises TargetError: if the dump does not tell
        """
        if task.address not in self._known or self._target.moving:
            self._known[task.address] = self._of(task)
        return self._known[task.address]

    def _of(self, task: Task) -> Standing:
        noted = noted_registers(self._target, task)
        if not noted:
            raise self._why_not(task.cpu)
        stacks = stacks_of(task, self._of_cpus)
        sp = None if noted.get("cs", 0) & 3 else noted.get("sp")
        live = None if sp is None else live_from(stacks, sp)
        note = self._note(task.cpu)
        if note is None:
            return Standing(live)
        if not same_state(note.registers, noted):  # they are a vCPU's, of a later time
            copied = next(self._copied(task, note, stacks), None) if note.pid == task.pid else None
            return Standing(live, None, note, copied[1] if copied else None)
        if note.pid != task.pid:
            raise TargetError(_STALE.format(task.cpu, note.pid), "crash-note-stale")
        return self._of_note(task, note, stacks, live)

    def _of_note(
        self, task: Task, note: CrashNote, stacks: tuple[Stack, ...], live: Live | None
    ) -> Standing:
        """The place of a CPU known only from its crash note."""
        own = self._snapshot(note, live)
        if own is not None:
            return Standing(live, None, note, own)
        found = next(self._copied(task, note, stacks), None)
        if found is None:
            return Standing(live, note=note)
        stack, frame = found
        if note.registers.user_mode:
            return Standing(None, note=note, copied=frame)
        start = self._crashing(task, stack, frame)
        if start is None:
            below = self._target.word(frame - 8)
            return Standing(Live(stack, frame), (below, frame), note, frame)
        return Standing(live_from(stacks, start[1]), start, note, frame)

    def _note(self, cpu: int) -> CrashNote | None:
        try:
            return crash_note(self._target, cpu)
        except Unreadable:
            return None

    def _snapshot(self, note: CrashNote, live: Live | None) -> int | None:
        """The address of the local variable of ``__crash_kexec()`` that the note is a copy of."""
        if live is None or not notes_itself(self._target, note.registers.ip):
            return None
        high = min(live.low + _MOST_OF_CRASH_KEXEC, live.stack.high - PT_REGS_SIZE)
        for address in range(live.low, high, 8):
            try:
                if note.is_copy_of(self._read(address)):
                    return address
            except Unreadable:
                return None
        return None

    def _why_not(self, cpu: int) -> TargetError:
        unknown = TargetError(_NO_REGISTERS.format(cpu), "registers-unsaved")
        try:
            online, panicked = online_cpus(self._target), panicking_cpu(self._target)
            note = crash_note(self._target, cpu)
        except InspectorError:
            return unknown  # what would tell is missing too
        if note is not None or panicked not in online or panicked == cpu:
            return unknown
        if cpu not in online:
            return TargetError(_OFFLINE.format(cpu), "cpu-offline")
        return TargetError(_NO_NOTE.format(cpu), "crash-note-unwritten")

    def _copied(
        self, task: Task, note: CrashNote, stacks: tuple[Stack, ...]
    ) -> Iterator[tuple[Stack, int]]:
        """The frames that ``note`` is a copy of, and their stacks; in practice one or none."""
        for stack, address in self._places(task, note.registers, stacks):
            try:
                below, data = self._target.word(address - 8), self._read(address)
            except Unreadable:
                continue
            if note.is_copy_of(data) and self._entered(address, below):
                yield stack, address

    def _read(self, address: int) -> Registers:
        return Registers.from_bytes(self._target.read(address, PT_REGS_SIZE))

    def _entered(self, address: int, below: int) -> bool:
        """Whether the word below the frame returns into entry code; a copy has no such word."""
        entry = self._around.return_word(address - 8, below).entry
        return entry is not None and entry.kind in TRAPS

    def _places(
        self, task: Task, registers: Registers, stacks: tuple[Stack, ...]
    ) -> Iterator[tuple[Stack, int]]:
        """Addresses where a frame with these ``registers`` may lie, most likely first."""
        if task.stack is not None and task.entry_address is not None and registers.user_mode:
            yield task.stack, task.entry_address
        for stack in stacks:
            if stack.slot is not None:
                yield stack, stack.slot
        yield from _below(live_from(stacks, registers.sp), registers.sp)
        for stack in stacks:
            yield from self._looks_like_one(stack)

    def _looks_like_one(self, stack: Stack) -> Iterator[tuple[Stack, int]]:
        try:
            data = self._target.read(stack.low, stack.size)
        except Unreadable:
            return
        yield from ((stack, stack.low + at) for at in kernel_frames(data) if at > 0)

    def _crashing(self, task: Task, stack: Stack, frame: int) -> tuple[int, int] | None:
        """Where calls begin that lead from ``machine_kexec()`` to the frame at ``frame``."""
        if panicking_cpu(self._target) != task.cpu:
            return None
        by_hand = (s for s in self._of_cpus.get(task.cpu, ()) if s.kind is StackKind.DOUBLE_FAULT)
        ranges = ((stack.low, frame), *((s.low, s.high) for s in by_hand if s != stack))
        for low, high in ranges:
            try:
                for ip, sp in returns_from_kexec(self._target, low, high):
                    if self._leads(ip, sp, frame):
                        return self._in_machine_kexec(ip, sp, low) or (ip, sp)
            except InspectorError:
                continue
        return None

    def _leads(self, ip: int, sp: int, frame: int) -> bool:
        """Whether calls lead from ``ip`` to the entry code that called with the frame there."""
        return any(call.sp == frame for call in self._calls(ip, sp))

    def _in_machine_kexec(self, ip: int, sp: int, low: int) -> tuple[int, int] | None:
        """The last return to ``machine_kexec()``, which would itself return to ``ip``."""
        lowest = max(low, sp - 8 - _MOST_OF_MACHINE_KEXEC)
        for inner in returns_to(self._target, "machine_kexec", lowest, sp - 8):
            calls = self._calls(*inner)
            if len(calls) > 1 and (calls[1].pc, calls[1].sp) == (ip, sp):
                return inner
        return None

    def _calls(self, ip: int, sp: int) -> tuple[CallFrame, ...]:
        try:
            return calls_from(self._target, ip, sp)
        except InspectorError:
            return ()


def _below(interrupted: Live | None, sp: int) -> Iterator[tuple[Stack, int]]:
    """Where a trap may have put a frame below ``sp``, on the same stack."""
    if interrupted is not None:
        nearest = (sp & ~0xF) - PT_REGS_SIZE
        for address in range(nearest, nearest - _MOST_BETWEEN, -8):
            if address > interrupted.stack.low:
                yield interrupted.stack, address
