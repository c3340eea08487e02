# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ordered worker pool: the parent walks tasks, forked workers read their stacks and write results
in order.

Only for dumps, which do not change. Processes, because Python runs one thread at a time.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, NoReturn, TypeVar

from inspector.errors import InspectorError, TargetError, TargetLost
from inspector.processes.signals import die_with, undisturbed

_Part = TypeVar("_Part")

Answer = dict[str, Any]
"""What JSON can carry."""

Turn = Callable[[], int]
"""Waits for the part before to be answered, and returns the number that it passed on."""

_Answering = Callable[[_Part, Turn], tuple[int, Answer]]

_FAILED = "failed"


def answered(
    parts: Iterable[_Part], answer: _Answering[_Part], first: int, at_once: int
) -> Iterator[Answer]:
    """Yield the result of ``answer`` for each part, in order.

    It runs in a child: nothing of what it changes is seen here but what it writes, which is in
    order if it takes its turn before, and flushes afterwards.

    :param first: what the first one's turn returns
    :param at_once: how many children there may be
    :raises TargetError: if it raised one of our errors, or its process was killed
    :raises OSError: as it raised it
    """
    children = deque[_Child]()
    turns = _Turns(first)
    try:
        for part in parts:
            if len(children) == at_once:
                yield _first(children)
            children.append(_Child())
            children[-1].begin(answer, part, turns)
        while children:
            yield _first(children)
    finally:
        for child in children:
            child.end()
        turns.close()


def _first(children: deque[_Child]) -> Answer:
    answer = children[0].answer()
    children.popleft().end()
    return answer


class _Turns:
    """From each child to the next: a pipe, which holds a number without anybody reading it."""

    def __init__(self, first: int) -> None:
        self.reading, writing = os.pipe()
        _send(writing, first)
        self.following, self.writing = os.pipe()

    def passed(self) -> None:
        """Pass the number on to the next child."""
        os.close(self.reading)
        os.close(self.writing)
        self.reading = self.following
        self.following, self.writing = os.pipe()

    def close(self) -> None:
        for end in (self.reading, self.following, self.writing):
            os.close(end)


class _Child:
    """One part's answer under way."""

    def __init__(self) -> None:
        self._pid = 0
        self._pipe: BinaryIO | None = None

    def begin(self, answer: _Answering[_Part], part: _Part, turns: _Turns) -> None:
        gc.freeze()  # else the child's collector touches, and so copies, all that is here
        reading, writing = os.pipe()
        self._pipe = open(reading, "rb")  # noqa: SIM115  # end() closes it
        parent = os.getpid()
        with undisturbed():  # an interrupt finds a child that is known, or none, and whole pipes
            self._pid = os.fork()
            if self._pid:
                os.close(writing)
                turns.passed()
        if not self._pid:
            die_with(parent)
            os.close(turns.following)
            _answer_and_end(answer, part, turns, writing)

    def answer(self) -> Answer:
        assert self._pipe is not None
        said: Answer = _received(self._pipe)
        status = self._wait()
        if status < 0:
            name = signal.Signals(-status).name
            raise TargetError(f"the process that read part of it was ended by {name}")
        if not said:
            raise TargetError("the process that read part of it ended without an answer")
        if _FAILED in said:
            _raise(said[_FAILED])
        return said

    def end(self) -> None:
        """Kill the child if it still runs; its answer is not needed any more."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()
        if self._pipe is not None:
            self._pipe.close()

    def _wait(self) -> int:
        with undisturbed():
            _, status = os.waitpid(self._pid, 0)
            self._pid = 0
        return os.waitstatus_to_exitcode(status)


def _answer_and_end(
    answer: _Answering[_Part], part: _Part, turns: _Turns, writing: int
) -> NoReturn:
    """Answer and exit without cleaning up: files and guests belong to the parent."""

    def turn() -> int:
        with open(turns.reading, "rb") as pipe:
            number: int | None = _received(pipe)
        if number is None:
            os._exit(1)  # the one before failed, and the parent knows why
        return number

    try:
        number = None
        try:
            number, said = answer(part, turn)
        except OSError as error:
            said = {_FAILED: {"errno": error.errno}}
        except (InspectorError, TargetLost) as error:
            said = {_FAILED: {"error": str(error)}}
        except Exception:  # a fault of ours: the parent says so, and keeps its log
            said = {_FAILED: {"fault": traceback.format_exc()}}
        if number is not None:
            with suppress(BrokenPipeError):  # the next one failed already
                _send(turns.writing, number)
        _send(writing, said)
    finally:  # an interrupt, too, is the parent's
        os._exit(0)


def _raise(failed: dict[str, Any]) -> NoReturn:
    if "errno" in failed:
        raise OSError(failed["errno"], os.strerror(failed["errno"]))
    if "error" in failed:
        raise TargetError(failed["error"])
    raise RuntimeError(failed["fault"])


def _send(pipe: int, said: object) -> None:
    with open(pipe, "w") as file:
        json.dump(said, file)


def _received(pipe: BinaryIO) -> Any:
    """None if nothing was sent."""
    text = pipe.read()
    return json.loads(text) if text else None
