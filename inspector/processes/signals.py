# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals that end the program after it has cleaned up."""

from __future__ import annotations

import _thread
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, main_thread
from types import FrameType

# Signals that end the program after it has cleaned up.

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], object]


@contextmanager
def signals_end_it() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise like Ctrl-C, so that the block cleans up; ignored signals stay
    ignored.

    Does nothing in any thread but the main one.
    """
    if current_thread() is not main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold signals back until the clean-up in the block is done."""
    numbers = (signal.SIGINT, *_ENDING)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Raise an interrupt at the end of the block that was swallowed inside it.

    drgn takes an interrupt inside one of our callbacks for a memory fault, and goes on.

    :raises KeyboardInterrupt: if one was
    """
    if current_thread() is not main_thread():
        yield
        return
    struck: list[int] = []
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDING)}
    before = {number: handler for number, handler in found.items() if callable(handler)}
    for number, handler in before.items():
        signal.signal(number, _noting(handler, struck))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if struck:
        raise KeyboardInterrupt


def _noting(handler: _Handler, struck: list[int]) -> _Handler:
    def noted(number: int, frame: FrameType | None) -> None:
        try:
            handler(number, frame)
        except KeyboardInterrupt:
            struck.append(number)
            raise

    return noted


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# An interrupt is an interrupt wherever it strikes.

_SOON = 0.01  # seconds; at once would be inside the hook, which drops it too


@contextmanager
def interrupts_delivered() -> Iterator[None]:
    """Deliver a Ctrl-C again that Python dropped in a callback from C.

    drgn calls plugins that way: the interrupt would be printed as "Exception ignored", and the
    command would go on.
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


# A process that ends with the one that started it, however that ends.

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with(parent: int) -> None:
    """Make the kernel kill this process when its parent ends; exit now if the parent is already
    gone.

    SIGKILL, because Python's handlers do not run while C code runs or a pipe blocks.

    :param parent: the pid of the process that started this one
    """
    import ctypes  # --help has no use for it

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
