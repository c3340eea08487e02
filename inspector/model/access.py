# SPDX-License-Identifier: LGPL-2.1-or-later
"""The memory around a frame: its instruction, its pointers, and the access that faulted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from inspector.facts.addresses import ADDRESS_SPACE
from inspector.model.evidence import Evidence
from inspector.model.stack import Location, TextRange
from inspector.model.task import Task

# The memory access that raised an exception: what it was, and what the CPU said about it.


class AccessKind(Enum):
    """What an instruction does at an address. The values are the contract of the JSON output."""

    READ = "read"
    WRITE = "write"
    READ_WRITE = "read-write"
    EXECUTE = "execute"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Term:
    """One register of an operand's address.

    :ivar register: as ``struct pt_regs`` names it, else as the CPU does (``gs base``, ``ymm6``)
    :ivar scale: what the value is multiplied with
    :ivar value: unsigned; None for a register that ``struct pt_regs`` does not hold
    """

    register: str
    scale: int
    value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A memory operand with the registers that a frame holds for it.

    :ivar text: in Intel's syntax
    :ivar implicit: the instruction's encoding does not name it: ``push``, ``ret``
    :ivar size: bytes of one access, None where the instruction alone does not tell
    :ivar displacement: signed
    :ivar address: the sum, modulo 2**64; None where a term is unknown
    :ivar low: with ``high``, the half-open range of all that the instruction may touch
    """

    text: str
    kind: AccessKind
    size: int | None
    terms: tuple[Term, ...]
    displacement: int
    address: int | None
    low: int
    high: int
    implicit: bool = False

    def touches(self, address: int) -> bool:
        """Whether the instruction may touch the byte at ``address`` through this operand."""
        return (
            self.address is not None and (address - self.low) % ADDRESS_SPACE < self.high - self.low
        )


@dataclass(frozen=True, slots=True)
class BugPlace:
    """What the source says at a ``ud2``: an entry of the bug table, or the log's line.

    :ivar warning: WARN() and its kin, not BUG()
    """

    file: str
    line: int
    warning: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFacts:
    """What is known about an exception besides the registers and the instruction.

    :ivar vector: of the exception, None if unknown
    :ivar error_code: what the CPU pushed
    :ivar cr2: the CPU's CR2 at the exception: ``thread.cr2``, or the address in the log's
        ``BUG: unable to handle …`` line; the log's ``CR2:`` line is read as it is printed, and a
        fault on the way (of the ``Code:`` line) has changed it by then
    :ivar gs_base: what ``gs:`` adds in kernel mode, ``__per_cpu_offset[cpu]``
    :ivar levels: of the page tables, 4 or 5
    :ivar kasan: the kernel is built with generic KASAN
    :ivar stacks: half-open ranges of the stacks that the CPU may have stood on
    :ivar pointers: addresses that a pointer may have been cut from, by what they are
    :ivar caller: where a call through a bad pointer would return to, in words
    """

    vector: int | None = None
    error_code: int | None = None
    cr2: int | None = None
    user_mode: bool = False
    gs_base: int | None = None
    levels: int | None = None
    kasan: bool = False
    stacks: tuple[TextRange, ...] = ()
    pointers: Mapping[str, int] = field(default_factory=dict)
    bug: BugPlace | None = None
    caller: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultingAccess:
    """The answer of :func:`inspector.explain.access.faulting_access`.

    :ivar instruction: at ip, in Intel's syntax; "" where its bytes are not known
    :ivar kind: ``none`` for an exception that no access raised
    :ivar address: the byte that could not be accessed; None if unknown
    :ivar operand: the one that raised the exception, None if unknown
    :ivar operands: every memory operand, in the instruction's order
    :ivar statements: what is true of the access, most wanted first
    :ivar bug: the BUG() or WARN() that raised it on purpose
    """

    instruction: str
    code: bytes
    kind: AccessKind
    address: int | None
    size: int | None
    operand: Operand | None
    operands: tuple[Operand, ...]
    statements: tuple[Evidence, ...]
    bug: BugPlace | None = None


# The instruction that a frame is about.


class Planted(Enum):
    """What the kernel has put over an instruction."""

    INT3 = "int3"
    JUMP = "jump"
    CALL = "call to ftrace"


class InstructionPlace(Enum):
    """Where the instruction is against the frame's ip."""

    BEFORE = "before ip"
    AT = "at ip"


@dataclass(frozen=True, slots=True)
class DecodedInstruction:
    """One instruction, decoded from the target's own bytes.

    :ivar code: its bytes as the compiler left them
    :ivar text: in Intel's syntax
    :ivar planted: what stands over it now, None where nothing does
    """

    address: int
    code: bytes
    text: str
    moment: InstructionPlace
    planted: Planted | None = None


# What an explanation needs to know of the memory around a frame.


class PointsTo(Enum):
    """What a register's value is, taken as an address."""

    ENTRY_FRAME = "the task's entry frame"
    OWN_FRAME = "this very frame"
    TASK_STACK = "the task stack"
    TASK = "a task_struct"
    TEXT = "kernel text or data"
    KERNEL = "the kernel's half of the address space"
    USER = "user space's range"
    NOT_CANONICAL = "no address that the CPU would take"
    NUMBER = "no address"


@dataclass(frozen=True, slots=True)
class Pointer:
    """The resolution of one register.

    :ivar location: by kallsyms, for ``TEXT``
    :ivar offset: bytes into the entry frame or below the stack's top, for those two
    :ivar area: for ``USER`` the mapping of the task that the address is in, "" where the
        mappings are not known; for ``KERNEL`` what the kernel uses the range for, "" likewise
    """

    kind: PointsTo
    location: Location | None = None
    offset: int = 0
    task: Task | None = None
    area: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Surroundings of one frame, read only when it is to be explained.

    :ivar pointers: register → what its value points to
    :ivar probe: the probed location for frames that a kprobe's handler was given
    :ivar instruction: the one that led to the frame, or that it will go on with; None where
        its bytes are not there
    :ivar at_entry: no instruction of the interrupted function has changed an argument yet
    :ivar ftrace_stores_zero: of a frame that ftrace built: the code that builds it stores 0 as
        orig_ax; None where that code is not there to be read
    :ivar never_probed: of such a frame: functions that are advised for the syscall number, and
        that this kernel does not let anybody probe
    """

    pointers: Mapping[str, Pointer] = field(default_factory=dict)
    probe: Location | None = None
    instruction: DecodedInstruction | None = None
    at_entry: bool = False
    ftrace_stores_zero: bool | None = None
    never_probed: tuple[str, ...] = ()
