# SPDX-License-Identifier: LGPL-2.1-or-later
"""An interrupt is an interrupt wherever it strikes."""

from __future__ import annotations

import _thread
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

_SOON = 0.01  # seconds; at once would be inside the hook, which drops it too


@contextmanager
def interrupts_delivered() -> Iterator[None]:
    """Deliver a Ctrl-C again that strikes in a callback from C, where Python would drop it.

    drgn calls its plugins so: the interrupt would be printed as "Exception ignored", and the
    command would run on.
    """
    before, again = sys.unraisablehook, list[Timer]()

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            again.append(Timer(_SOON, _thread.interrupt_main))
            again[-1].start()
        else:
            before(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in again:
            timer.cancel()
