# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of a dump is other people's data, though answers are made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from inspector.facts.addresses import ANY_KERNEL_LOW
from inspector.model.registers import Registers, as_int64

REDACTED = b"REDACTED"
"""What stands in place of eight bytes that were taken out: no address, and no small number."""

REDACTED_WORD = int.from_bytes(REDACTED, "little")

# What says how the frame came about, and nothing about the user's data.
_TELLING = frozenset({"orig_ax", "ip", "cs", "flags", "ss"})
_SMALL = 0x10000


class SensitiveKind(Enum):
    """What can be taken out; the values are the words of the command line."""

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
        return result or -4096 < as_int64(word) < 0
    # SYSCALL copied ip and flags there: evidence for what the frame is.
    return (register, word) in (("cx", registers.ip), ("r11", registers.flags))
