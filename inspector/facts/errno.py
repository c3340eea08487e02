# SPDX-License-Identifier: LGPL-2.1-or-later
"""Error numbers in a register, under the kernel's names."""

from __future__ import annotations

import errno

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
