# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a small dump holds and why, and what of a dump is other people's data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from inspector.facts.addresses import ANY_KERNEL_LOW
from inspector.facts.uapi import is_errno
from inspector.model.evidence import Missing
from inspector.model.registers import Registers

# What of a dump is other people's data, though answers are made from it.

REDACTED = b"REDACTED"
"""What stands in place of eight bytes that were taken out: no address, and no small number."""

REDACTED_WORD = int.from_bytes(REDACTED, "little")

# What says how the frame came about, and nothing about the user's data.
_TELLING = frozenset({"orig_ax", "ip", "cs", "flags", "ss"})
_SMALL = 0x10000


class SensitiveKind(Enum):
    """Kinds of data that can be removed; the values are words of the command line."""

    USER_REGISTERS = "user-registers"
    USER_STACK_POINTERS = "user-stack-pointers"
    STACK_DATA = "stack-data"
    TASK_NAMES = "task-names"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Sensitive:
    """The virtual addresses ``[low, high)``, and what lies there."""

    kind: SensitiveKind
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class SensitivePlaces:
    """Where to look for users' data in a dump.

    :ivar ranges: each is replaced by :data:`REDACTED`, and zeros behind it
    :ivar stacks: ranges whose words are judged one by one, by :func:`may_be_data`
    :ivar spared: ranges of those that are judged elsewhere: the frames, and the stack's end
    """

    ranges: tuple[Sensitive, ...] = ()
    stacks: tuple[tuple[int, int], ...] = ()
    spared: tuple[tuple[int, int], ...] = ()


def may_be_data(word: int) -> bool:
    """Whether a word of a kernel stack may be anybody's data.

    Addresses of the kernel are not, nor are numbers of two bytes and error numbers, which are
    in its upper half: they are what the stack is read for.
    """
    return _SMALL <= word < ANY_KERNEL_LOW


def sensitive_registers(
    registers: Registers, *, user_mode: bool, result: bool
) -> Iterator[tuple[str, SensitiveKind]]:
    """The registers of a frame that may hold a user's data.

    :param result: ax holds what a system call returns, or -ENOSYS
    """
    for register, word in registers.items():
        if register in _TELLING or not word:
            continue
        if not user_mode:
            if may_be_data(word):
                yield register, SensitiveKind.STACK_DATA
        elif register == "sp":
            yield register, SensitiveKind.USER_STACK_POINTERS
        elif not _known_anyway(registers, register, word, result):
            yield register, SensitiveKind.USER_REGISTERS


def _known_anyway(registers: Registers, register: str, word: int, result: bool) -> bool:
    if register == "ax":
        return result or is_errno(word)
    # SYSCALL copied ip and flags there: evidence for what the frame is.
    return (register, word) in (("cx", registers.ip), ("r11", registers.flags))


# What a small dump holds, and why: for whoever has to hand it over.


class PageKind(Enum):
    """What a page, or a range of its bytes, is kept for; the values are for people."""

    PAGE_TABLE = "page tables"
    BTF = "BTF"
    KALLSYMS = "kallsyms"
    ORC = "ORC"
    TEXT = "kernel text"
    IMAGE = "other kernel image"
    MODULE = "modules"
    STACK = "stacks"
    OBJECT = "tasks and other objects"


WHY: dict[PageKind, str] = {
    PageKind.PAGE_TABLE: "the entries by which addresses are translated",
    PageKind.BTF: "the kernel's own types",
    PageKind.KALLSYMS: "the names of its symbols",
    PageKind.ORC: "how to unwind each function",
    PageKind.TEXT: "instructions that frames point to, and functions that are asked about",
    PageKind.IMAGE: "the kernel's variables and tables",
    PageKind.MODULE: "modules, what was generated at run time, and framefreeze's records",
    PageKind.STACK: "frames, and the words between them",
    PageKind.OBJECT: "tasks, processes by their pids, per-CPU data",
}


@dataclass(frozen=True, slots=True)
class KindSize:
    """How much of a dump a kind takes.

    :ivar stored: bytes in the file
    """

    kind: PageKind
    pages: int
    stored: int


@dataclass(frozen=True, slots=True)
class KeptRange:
    """Bytes ``[low, high)`` that are kept.

    :ivar virtual: whether these are virtual addresses; else physical
    """

    kind: PageKind
    low: int
    high: int
    virtual: bool


@dataclass(frozen=True, slots=True)
class Distillate:
    """A small dump that was written.

    :ivar pages: how many pages it holds
    :ivar core_size: bytes of the dump it was made from
    :ivar size: bytes of the small one
    :ivar kinds: what its pages hold, the largest first
    :ivar ranges: every range of bytes that it holds of the dump
    :ivar taken_out: bytes of users' data that were replaced, by kind
    :ivar text: functions whose text it holds from the first byte to the last
    :ivar missing: what the report could not read; the small dump cannot answer it either
    """

    pages: int
    core_size: int
    size: int
    kinds: tuple[KindSize, ...]
    ranges: tuple[KeptRange, ...]
    taken_out: Mapping[SensitiveKind, int]
    text: tuple[str, ...]
    missing: tuple[Missing, ...]


# How far a small dump is cut down.


class Trim(Enum):
    """What is cut down to what the answers needed of it."""

    UNWIND = "unwind"  # ORC
    ALL = "all"  # kallsyms and BTF too
