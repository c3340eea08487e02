# SPDX-License-Identifier: LGPL-2.1-or-later
"""The memory access that raised an exception: what it was, and what the CPU said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from inspector.model.evidence import Evidence
from inspector.model.probe_site import TextRange


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
        return self.address is not None and (address - self.low) % (1 << 64) < self.high - self.low


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

    :ivar vector: of the exception, None where it is not known
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
    :ivar address: the byte that could not be accessed; None where it is not known
    :ivar operand: the one that raised the exception, None where that is not known
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
