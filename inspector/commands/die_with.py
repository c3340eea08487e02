# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process that ends with the one that started it, however that ends."""

from __future__ import annotations

import os
import signal

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, or do it now if that is gone.

    SIGKILL, as no handler of Python's runs while C code does, or while a pipe takes no more.

    :param parent: the pid of the process that started this one
    """
    import ctypes  # --help has no use for it

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
