# SPDX-License-Identifier: LGPL-2.1-or-later
"""A syscall number and what it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Abi(Enum):
    """Which table a number belongs to."""

    X86_64 = "x86_64"
    IA32 = "ia32"
    X32 = "x32"


X32_SYSCALL_BIT = 0x40000000  # uapi/asm/unistd.h


@dataclass(frozen=True, slots=True)
class Syscall:
    """A number with its UAPI name and the kernel's own handler.

    :ivar name: as in ``asm/unistd_*.h``; None for a number without an entry
    :ivar handler: the symbol in the kernel's own table; None where it has none
    """

    nr: int
    abi: Abi
    name: str | None
    handler: str | None

    def __str__(self) -> str:
        return f"{self.nr} ({self.name})" if self.name else str(self.nr)
