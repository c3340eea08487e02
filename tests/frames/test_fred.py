# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every frame of a kernel entered by FRED, against the words that a module of its own printed.

``fred-nested.truth`` is the module's printk: each frame's address and 21 words. What FRED
delivered is in ss, so the expected origin follows from the words and the kernel's dispatch
(arch/x86/entry/entry_fred.c).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from inspector.model.frame import Frame
from inspector.model.origin import Delivery, Origin
from inspector.model.stack import StackKind
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec

_LINE = re.compile(r"TRUTH (\S+) cpu=\S+ pid=(\d+) comm=(\S+) at=(\w+) below=\S+ words=([^|]+)\|")
_NOT_BY_FRED = {"iou-sqp-133": Origin.WORKER, "busybox": Origin.EXEC}
# By FRED's event type and vector, where the kernel takes the event for what it is.
_ORIGINS = {
    (0, 0xEC): Origin.SYSVEC,
    (0, 0xFD): Origin.SYSVEC,
    (2, 2): Origin.NMI,
    (3, 0): Origin.EXCEPTION,
    (3, 1): Origin.DEBUG,
    (3, 6): Origin.EXCEPTION,
    (3, 13): Origin.GENERAL_PROTECTION,
    (3, 14): Origin.PAGE_FAULT,
    (4, 3): Origin.INT3,
    (4, 0x42): Origin.GENERAL_PROTECTION,
    (4, 0x80): Origin.INT80,
    (5, 1): Origin.DEBUG,
    (6, 3): Origin.INT3,
}


class Printed(NamedTuple):
    name: str
    pid: int
    comm: str
    address: int
    words: tuple[int, ...]

    @property
    def origin(self) -> Origin:
        kind, vector, long = self.words[20] >> 48 & 0xF, self.words[20] >> 32 & 0xFF, self._long
        if kind == 7:  # SYSCALL is 1, SYSENTER 2
            return {(1, 1): Origin.SYSCALL, (2, 0): Origin.SYSCALL32}.get(
                (vector, long), Origin.EXCEPTION
            )
        return _ORIGINS[kind, vector]

    @property
    def _long(self) -> int:
        return self.words[20] >> 57 & 1


def printed() -> Iterator[Printed]:
    text = (Path(__file__).parent / "fred-nested.truth").read_text()
    for name, pid, comm, at, words in _LINE.findall(text):
        yield Printed(name, int(pid), comm, int(at, 16), tuple(int(w, 16) for w in words.split()))


PRINTED = {one.address: one for one in printed()}
# The page fault of a task that never slept in it: gone again when the kernel crashed.
GONE = next(p.address for p in PRINTED.values() if p.name == "page-fault" and p.pid == 151)
# Not printed: the #UD of WARN() that ended it, where FRED's arithmetic puts it below the sp that
# the module printed, and the NMI that stopped the other CPU, where the NMI stack begins.
UD = ((0xFFFFFE3DF37E8D40 - 0x40) & ~0x3F) - 0xB8
STOP = 0xFFFFFE4197ED8000 - 0xB8


@pytest.fixture(scope="module")
def frames(root: Path) -> dict[int, Frame]:
    with open_target_source(
        TargetSpec(TargetKind.CORE, str(root / "dumps/fred-7.2.vmcore"))
    ) as source:
        return {frame.address: frame for frame in source.frames(source.tasks())}


def test_every_frame_is_found_with_its_words_and_no_other(frames: dict[int, Frame]) -> None:
    found = {at for at, frame in frames.items() if frame.origin is not Origin.CRASH_NOTE}
    assert found == set(PRINTED) - {GONE} | {UD, STOP}
    for at in set(PRINTED) - {GONE}:
        assert frames[at].registers.words == PRINTED[at].words


def test_every_frame_is_named_by_what_happened(frames: dict[int, Frame]) -> None:
    child = max(p.address for p in PRINTED.values() if p.comm == "f-forkpar" and p.address != GONE)
    for at, one in PRINTED.items():
        if at == GONE:
            continue
        frame = frames[at]
        assert frame.task is not None
        assert frame.task.pid == one.pid
        if one.comm in _NOT_BY_FRED or at == child:
            assert frame.origin is _NOT_BY_FRED.get(one.comm, Origin.FORK_CHILD)
            assert frame.delivery is None
        else:
            assert (frame.origin, frame.delivery) == (one.origin, Delivery.FRED)
    assert (frames[UD].origin, frames[UD].vector) == (Origin.EXCEPTION, 6)
    assert frames[STOP].origin is Origin.NMI


def test_nested_levels_lie_on_their_stacks(frames: dict[int, Frame]) -> None:
    nested = [(f.origin, f.stack) for f in frames.values() if f.task and f.task.pid == 1]
    assert [pair for pair in nested if pair[0] is not Origin.CRASH_NOTE] == [
        (Origin.EXCEPTION, StackKind.NMI),
        (Origin.INT3, StackKind.NMI),
        (Origin.NMI, StackKind.NMI),
        (Origin.DEBUG, StackKind.DEBUG),
        (Origin.SYSCALL, StackKind.TASK),
    ]
