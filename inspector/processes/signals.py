# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals that end a program, where something is to be cleaned up first."""

from __future__ import annotations

import _thread
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, main_thread
from types import FrameType

# Signals that end a program, where something is to be cleaned up first.

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], object]


@contextmanager
def signals_end_it() -> Iterator[None]:
    """SIGTERM and SIGHUP clean up the way Ctrl-C does; one that is ignored (nohup) stays so.

    In another thread than the first nothing changes: signals are not its business.
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
    """No signal comes between the steps of cleaning up; it waits until they are done."""
    numbers = (signal.SIGINT, *_ENDING)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """An interrupt that is swallowed meanwhile comes at the end all the same.

    drgn takes one that strikes in a callback of ours for a fault of what it reads, and goes on.

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


# A process that ends with the one that started it, however that ends.

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
