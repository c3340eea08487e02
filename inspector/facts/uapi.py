# SPDX-License-Identifier: LGPL-2.1-or-later
"""UAPI numbers and their names: system calls and errors."""

from __future__ import annotations

import errno
from enum import Enum
from functools import cache
from importlib.resources import files

# UAPI names of syscall numbers, from shipped tables.


@cache
def names(abi: Abi) -> dict[int, str]:
    """Number → UAPI name, of ``asm/unistd_{64,32,x32}.h`` (x32's without its bit)."""
    text = (files("inspector.facts") / "syscall_tables" / f"{abi.value}.txt").read_text()
    lines = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {int(number): name for number, name in lines}


class Abi(Enum):
    """Which table a number belongs to."""

    X86_64 = "x86_64"
    IA32 = "ia32"
    X32 = "x32"


X32_SYSCALL_BIT = 0x40000000  # uapi/asm/unistd.h


# Error numbers in a register, under the kernel's names.

MAX_ERRNO = 4095  # include/linux/err.h

# include/linux/errno.h: the kernel's own, which user space should never see.
_KERNEL_ONLY: dict[int, str] = {
    512: "ERESTARTSYS",
    513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND",
    515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK",
    517: "EPROBE_DEFER",
    521: "EBADHANDLE",
    524: "ENOTSUPP",
    529: "EIOCBQUEUED",
    530: "ERECALLCONFLICT",
}

# Where libc has two names for a number, the one that kernel sources use.
_KERNEL_PREFERS: dict[int, str] = {11: "EAGAIN", 35: "EDEADLK", 95: "EOPNOTSUPP"}

_NAMES: dict[int, str] = {**errno.errorcode, **_KERNEL_PREFERS, **_KERNEL_ONLY}


def errno_name(word: int) -> str | None:
    """``-ENOSYS`` for the word of -38, as system calls return it.

    :param word: an unsigned 64-bit value
    :returns: None for a word that is no negative error number, or has no name
    """
    number = (1 << 64) - word
    if not 0 < number <= MAX_ERRNO:
        return None
    name = _NAMES.get(number)
    return f"-{name}" if name else None
