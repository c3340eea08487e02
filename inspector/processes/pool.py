# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ordered worker pool: the caller makes parts, forked workers answer them, answers come in order.

Only for dumps, which do not change. Each part gets a new fork, which has all that the caller has
read so far; only the answer is sent. ``multiprocessing.Pool`` and ``concurrent.futures`` take the
parts in a thread, which would walk tasks while drgn reads, and a ``Pool`` waits forever for a
worker that was killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Generic, NoReturn, TypeVar, cast

from inspector.errors import InspectorError, TargetError, TargetLost
from inspector.processes.signals import die_with, undisturbed

_Part = TypeVar("_Part")
_Answer = TypeVar("_Answer")

_FORK = get_context("fork")


def answered(
    parts: Iterable[_Part], answer: Callable[[_Part], _Answer], at_once: int
) -> Iterator[_Answer]:
    """Yield the result of ``answer`` for each part, in order.

    ``answer`` runs in a worker. The caller sees nothing that it changes, only what it returns,
    which must be picklable.

    :param at_once: how many workers there may be at one time
    :raises TargetError: if ``answer`` raised an error of this project's, or its worker was killed
    :raises OSError: as ``answer`` raised it
    :raises RuntimeError: if ``answer`` raised anything else, with its traceback
    """
    workers = deque[_Worker[_Part, _Answer]]()
    try:
        for part in parts:
            if len(workers) == at_once:
                yield workers[0].answer()
                workers.popleft().end()
            workers.append(_Worker())
            workers[-1].begin(answer, part)
        while workers:
            yield workers[0].answer()
            workers.popleft().end()
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[_Part, _Answer]):
    """The process that answers one part."""

    def __init__(self) -> None:
        self._process: ForkProcess | None = None
        self._answers: Connection | None = None

    def begin(self, answer: Callable[[_Part], _Answer], part: _Part) -> None:
        with undisturbed():  # an interrupt finds a worker that is known, or none, and no stray pipe
            self._answers, sending = _FORK.Pipe(duplex=False)
            self._process = _FORK.Process(target=_work, args=(answer, part, sending, os.getpid()))
            self._process.start()
            sending.close()

    def answer(self) -> _Answer:
        assert self._answers is not None
        assert self._process is not None
        try:
            said = self._answers.recv()
        except EOFError:
            self._process.join()
            status = self._process.exitcode or 0
            how = f"was ended by {signal.Signals(-status).name}" if status < 0 else "gave no answer"
            raise TargetError(f"the process that read part of it {how}") from None
        if isinstance(said, Exception):
            raise said
        return cast(_Answer, said)

    def end(self) -> None:
        """Kill the worker if it still runs; its answer is not needed any more."""
        with undisturbed():
            if self._process is not None:
                self._process.kill()
                self._process.join()
                self._process.close()
            if self._answers is not None:
                self._answers.close()


def _work(
    answer: Callable[[_Part], _Answer], part: _Part, sending: Connection, parent: int
) -> NoReturn:
    """Answer and exit without cleaning up: files, guests and interrupts belong to the parent."""
    die_with(parent)
    try:
        sending.send_bytes(_pickled_answer(answer, part))
    finally:
        os._exit(0)


def _pickled_answer(answer: Callable[[_Part], _Answer], part: _Part) -> bytes:
    """Pickle the answer, or the exception that the parent raises in its place."""
    raised: Exception
    try:
        return pickle.dumps(answer(part))
    except OSError as error:
        raised = OSError(error.errno, error.strerror)
    except (InspectorError, TargetLost) as error:
        raised = TargetError(str(error))
    except Exception:  # an internal error: the parent says so, and keeps its log
        raised = RuntimeError(traceback.format_exc())
    return pickle.dumps(raised)
