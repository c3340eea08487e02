# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signals that end a program, where something is to be cleaned up first."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

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
