# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel's memory tells of an exception beside its frame: CR2, error code, bug table.

No kernel since 5.0 keeps CR2 of a page fault that it dies of (commit 1ad33f5aec20, "x86/fault:
Don't set thread.cr2, etc before OOPSing"): ``thread.cr2`` is then of an earlier signal, and not
read. With FRED the CPU wrote it beside the frame. Otherwise the log has it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from inspector.errors import InspectorError
from inspector.kernel.address_space import page_table_levels
from inspector.kernel.cpus import ADDRESS_SPACE
from inspector.kernel.reserved_text import relative_addresses
from inspector.kernel.text import TextOwner
from inspector.model.access import AccessFacts, BugPlace
from inspector.model.frame import Frame
from inspector.model.origin import Delivery
from inspector.model.registers import PT_REGS_SIZE
from inspector.model.stack import Stack, TextRange
from inspector.model.task import escape_bytes
from inspector.target.faults import reading
from inspector.target.target import Target

_PF = 14
# Vectors with an error code that do_trap() and exc_general_protection() keep in the task before
# they die (arch/x86/kernel/traps.c): #TS, #NP, #SS, #GP, #AC.
_KEPT = frozenset({10, 11, 12, 13, 17})
_BUGFLAG_WARNING = 1  # include/asm-generic/bug.h
_LONGEST_NAME = 512


class FaultFacts:
    """Looks around exceptions, for one target."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._levels = page_table_levels(target)

    def of(self, frame: Frame, stacks: Sequence[Stack], frames: Sequence[Frame]) -> AccessFacts:
        """What is known of the exception that made ``frame``.

        :param stacks: those that its CPU may have stood on
        :param frames: all of its task
        """
        task = frame.task
        home = None if task is None else task.entry_address
        return AccessFacts(
            vector=frame.vector,
            error_code=frame.error_code
            if frame.error_code is not None
            else self._kept_error_code(frame, frames),
            cr2=self._cr2_by_fred(frame),
            user_mode=frame.user_mode,
            gs_base=None if frame.user_mode else self._per_cpu_offset(frame.cpu),
            levels=self._levels,
            kasan=self._target.symbols.address_of("kasan_report") is not None,
            stacks=tuple(TextRange(s.low, s.high, s.kind.value) for s in stacks),
            pointers={} if home is None else {"the address of the task's entry frame": home},
            bug=None if frame.user_mode else self.bug_place(frame.registers.ip),
            caller="" if frame.user_mode else self._caller(frame),
        )

    def bug_place(self, address: int) -> BugPlace | None:
        """The entry of the bug table for the instruction at ``address``, None where there is none.

        As find_bug() looks it up (lib/bug.c), ``struct bug_entry`` of asm-generic/bug.h.
        """
        location = self._target.locate(address)
        if location is None:
            return None
        try:
            return self._bug_place(TextOwner(self._target, location.module), address)
        except InspectorError:
            return None  # the table is left out of a dump as often as not

    def _bug_place(self, owner: TextOwner, address: int) -> BugPlace | None:
        entry = "struct bug_entry"
        table, size = owner.table(entry)
        if not self._target.has_member(entry, "bug_addr_disp"):
            return None
        addresses = relative_addresses(self._target, table, size, entry, "bug_addr_disp")
        if address not in addresses:
            return None
        at = table + addresses.index(address) * self._target.sizeof(entry)
        if not self._target.has_member(entry, "file_disp"):
            return None  # without CONFIG_DEBUG_BUGVERBOSE
        pointer = at + self._target.offsetof(entry, "file_disp")
        (distance,) = struct.unpack("<i", self._target.read(pointer, 4))
        line, flags = (
            int.from_bytes(self._target.read(at + self._target.offsetof(entry, name), 2), "little")
            for name in ("line", "flags")
        )
        name = self._string((pointer + distance) % ADDRESS_SPACE)
        return BugPlace(name, line, bool(flags & _BUGFLAG_WARNING))

    def _string(self, address: int) -> str:
        with reading("the name of a source file"):
            text = self._target.prog.read_c_string(address, max_size=_LONGEST_NAME)
        return escape_bytes(text)

    def _kept_error_code(self, frame: Frame, frames: Sequence[Frame]) -> int | None:
        """``thread.error_code``, where no other exception can have written it since."""
        rivals = [f for f in frames if f.vector == frame.vector and not f.user_mode]
        if frame.user_mode or frame.task is None or frame.vector not in _KEPT or len(rivals) != 1:
            return None
        thread = frame.task.address + self._target.offsetof("struct task_struct", "thread")
        try:
            trap, code = (
                self._target.word(thread + self._target.offsetof("struct thread_struct", name))
                for name in ("trap_nr", "error_code")
            )
        except InspectorError:
            return None
        return code if trap == frame.vector else None

    def _cr2_by_fred(self, frame: Frame) -> int | None:
        """``fred_info.edata``, the word behind ``struct pt_regs``: CR2 of a page fault."""
        if frame.vector != _PF or frame.delivery is not Delivery.FRED or frame.record is not None:
            return None
        return self._target.readable_word(frame.address + PT_REGS_SIZE)

    def _per_cpu_offset(self, cpu: int | None) -> int | None:
        offsets = self._target.symbols.address_of("__per_cpu_offset")
        if cpu is None or offsets is None:
            return None
        return self._target.readable_word(offsets + 8 * cpu)

    def _caller(self, frame: Frame) -> str:
        """Who called a place that is no text: the word at sp, if it is a return address."""
        if self._target.locate(frame.registers.ip) is not None:
            return ""
        word = self._target.readable_word(frame.registers.sp)
        place = None if word is None else self._target.symbols.locate_return(word)
        if place is None or word is None:
            return ""
        return f"the word at sp, {word:#x}, is a return address into {place}, as a call leaves one"
