# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write frames as they are read; a big dump is read by several processes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, TextIO

from inspector.model.evidence import Missing
from inspector.model.frame import Found
from inspector.model.task import Task
from inspector.processes.pool import answered
from inspector.queries.frames import FrameFilter, Matching
from inspector.queries.source import Source
from inspector.target.spec import TargetKind, TypeSource

# Tasks: so many are read without any child, which takes some milliseconds to have.
TASKS_READ_HERE = 256
MOST_AT_ONCE = 2048
_MOST_CHILDREN = 4  # more would wait for the tasks that are walked here


class Form(Protocol):
    """How frames are put into text.

    :ivar opening: comes first, and at once
    :ivar before_frames: comes before the first frame
    :ivar between: comes between two frames
    """

    opening: str
    before_frames: str
    between: str

    def of(self, found: Found, /) -> str: ...

    def end(self, count: int, missing: Iterable[Missing], /) -> str: ...


def stream_frames(
    source: Source, wanted: FrameFilter, form: Form, out: TextIO, *, may_fork: bool
) -> int:
    """Write the frames that are wanted to ``out``, in ``form``.

    :param may_fork: whether this process may have children that read
    :returns: how many frames there were
    """
    matching, text = Matching(source, wanted), _Text(out, form)
    children = children_for(source) if may_fork and not wanted.selectors else 0
    text.open()
    if children:
        _by_children(source, matching, text, children)
    else:
        text.write(matching.frames())
    text.end(source.missing)
    return text.count


class _Text:
    """What is written so far.

    :ivar count: how many frames
    """

    def __init__(self, out: TextIO, form: Form) -> None:
        self._out = out
        self._form = form
        self.count = 0

    def open(self) -> None:
        self._out.write(self._form.opening)
        self._out.flush()

    def write(self, frames: Iterable[Found]) -> None:
        for found in frames:
            self._out.write(self._before() + self._form.of(found))
            self.count += 1
            if self.count == 1:  # whoever waits for an answer sees that it comes
                self._out.flush()

    def texts(self, frames: Iterable[Found]) -> list[str]:
        return [self._form.of(found) for found in frames]

    def joined(self, texts: list[str]) -> str:
        return self._form.between.join(texts)

    def write_joined(self, texts: str, count: int) -> None:
        if count:
            self._out.write(self._before() + texts)
            self.count += count
        self.flush()

    def flush(self) -> None:
        self._out.flush()

    def end(self, missing: Iterable[Missing]) -> None:
        self._out.write(self._form.end(self.count, missing))

    def _before(self) -> str:
        return self._form.between if self.count else self._form.before_frames


def children_for(source: Source) -> int:
    """How many workers to use; 1 unless a file is read and drgn has no threads of its own.

    drgn has OpenMP threads when it reads DWARF; a forked child would wait for them forever.
    """
    is_file = source.target_identity.kind == TargetKind.CORE.value
    if not is_file or source.kernel_identity.types != TypeSource.BTF.value:
        return 0
    cpus = len(os.sched_getaffinity(0))
    return min(cpus, _MOST_CHILDREN) if cpus > 1 else 0


def _by_children(source: Source, matching: Matching, text: _Text, children: int) -> None:
    """Walk the tasks here, and let forked workers read their stacks."""

    def answer(tasks: list[Task]) -> tuple[str, int, tuple[Missing, ...]]:
        noted = len(source.noted)
        texts = text.texts(matching.of(tasks))
        return text.joined(texts), len(texts), tuple(islice(source.noted, noted, None))

    records = matching.records()
    tasks = matching.tasks()
    text.write(matching.of(islice(tasks, TASKS_READ_HERE)))
    text.flush()
    for written, count, missing in answered(_batches(tasks), answer, children):
        text.write_joined(written, count)
        for lack in missing:
            source.noted.add(lack)
    text.write(matching.notes())
    text.write(records)


def _batches(tasks: Iterator[Task]) -> Iterator[list[Task]]:
    """Batches of tasks, small ones first, so that the workers start early."""
    size = TASKS_READ_HERE
    while batch := list(islice(tasks, size)):
        yield batch
        size = min(2 * size, MOST_AT_ONCE)
