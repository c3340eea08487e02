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

# The functions in the tables of system calls, by ABI: arch/x86/include/asm/syscall_wrapper.h, since
# 4.17. Each is given the entry frame; of x32's own the second name is that of 4.17 to 5.6.
HANDLER_PREFIXES: dict[Abi, tuple[str, ...]] = {
    Abi.X86_64: ("__x64_sys_",),
    Abi.IA32: ("__ia32_sys_", "__ia32_compat_sys_"),
    Abi.X32: ("__x64_compat_sys_", "__x32_compat_sys_"),
}
HANDLER = HANDLER_PREFIXES[Abi.X86_64][0]
OLD_HANDLERS = ("sys_", "SyS_")  # up to 4.16: called with the arguments
HANDLERS_SINCE = "4.17"
_ALL_HANDLERS = tuple(prefix for prefixes in HANDLER_PREFIXES.values() for prefix in prefixes)


def is_handler(symbol: str) -> bool:
    """Whether ``symbol`` is a system call's function that is given the entry frame."""
    return symbol.startswith(_ALL_HANDLERS)


# Error numbers in a register, under the kernel's names.

MAX_ERRNO = 4095  # include/linux/err.h: the last addresses are error numbers

# include/linux/errno.h: the kernel's own, which user space should never see.
_KERNEL_ONLY: dict[int, str] = {
    512: "ERESTARTSYS",
    513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND",
    515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK",
    517: "EPROBE_DEFER",
    518: "EOPENSTALE",
    519: "ENOPARAM",
    521: "EBADHANDLE",
    522: "ENOTSYNC",
    523: "EBADCOOKIE",
    524: "ENOTSUPP",
    525: "ETOOSMALL",
    526: "ESERVERFAULT",
    527: "EBADTYPE",
    528: "EJUKEBOX",
    529: "EIOCBQUEUED",
    530: "ERECALLCONFLICT",
    531: "ENOGRACE",
}

# Where libc has two names for a number, the one that kernel sources use; Python lacks the last.
_KERNEL_PREFERS: dict[int, str] = {11: "EAGAIN", 35: "EDEADLK", 95: "EOPNOTSUPP", 133: "EHWPOISON"}

_NAMES: dict[int, str] = {**errno.errorcode, **_KERNEL_PREFERS, **_KERNEL_ONLY}


def errno_name(word: int) -> str | None:
    """``-ENOSYS`` for the word of -38, as system calls return it.

    :param word: an unsigned 64-bit value
    :returns: None for a word that is no negative error number, or has no name
    """
    if not is_errno(word):
        return None
    name = _NAMES.get((1 << 64) - word)
    return f"-{name}" if name else None


def is_errno(word: int) -> bool:
    """Whether ``word``, an unsigned 64-bit value, is a negative error number: IS_ERR_VALUE()."""
    return 0 < (1 << 64) - word <= MAX_ERRNO
