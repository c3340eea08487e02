# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers from a file of records: the same queries as for a kernel, as far as the file goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from inspector.errors import NothingMatched, RecordError, TargetError
from inspector.explain.meaning import events_of
from inspector.formats.records import (
    LARGEST_FILE,
    SavedFrame,
    SavedRecord,
    SavedRecords,
    parse_saved,
)
from inspector.model.access import Context, FaultingAccess
from inspector.model.evidence import Evidence, Missing, Missings, Unread
from inspector.model.frame import Found, Frame
from inspector.model.freeze import Hit
from inspector.model.machine import NO_CRASH, Crash, KernelIdentity, Machine, TargetIdentity
from inspector.model.probe import ProbeAnswer
from inspector.model.record import Kprobe
from inspector.model.report import StackPicture
from inspector.model.stack import CallFrame
from inspector.model.task import Task, Uninterruptible
from inspector.queries.source import Source
from inspector.queries.target import TargetSource
from inspector.target.spec import TargetKind


def save(source: TargetSource) -> SavedRecords:
    """Every record that ``source`` has, named and explained as far as it can be here.

    :raises NothingMatched: if framefreeze is not loaded there
    """
    hits = source.hits()
    ring = source.ring
    return SavedRecords(
        source.kernel_identity,
        ring.probes,
        ring.hits,
        ring.lost,
        ring.torn,
        tuple(_kept(source, hit) for hit in hits),
        source.missing,
    )


def _kept(source: Source, hit: Hit) -> SavedRecord:
    given, *entries = (
        SavedFrame(replace(frame, record=None), source.context(frame)) for frame in hit.frames
    )
    return SavedRecord(hit.record, given, entries[0] if entries else None)


def read_saved(path: Path) -> SavedRecords:
    """The file of records at ``path``.

    :raises TargetError: if it is not a file of records
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
        return parse_saved(data)
    except FileNotFoundError:
        raise TargetError(f"{path}: no such file") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    except RecordError as error:
        raise TargetError(f"{path}: {error}") from None


class SavedSource(Source):
    """A question to a file of records: there is no memory behind it, and no kernel to ask.

    The frames of a task are those of its last event: of one stay in the kernel.
    """

    def __init__(self, saved: SavedRecords, path: str) -> None:
        self._path = path
        self._identity = TargetIdentity(TargetKind.RECORDS.value, path, "records")
        self._saved = saved
        self._noted = Missings(saved.missing)
        self._hits = {kept.record.index: _hit(kept) for kept in saved.records}
        self._contexts = {
            (kept.record.index, part.frame.address): part.context
            for kept in saved.records
            for part in (kept.entry, kept.given)
            if part is not None
        }

    @property
    def target(self) -> None:
        return None

    @property
    def target_identity(self) -> TargetIdentity:
        return self._identity

    @property
    def kernel_identity(self) -> KernelIdentity:
        return self._saved.kernel

    @property
    def is_dump(self) -> bool:
        return True

    @property
    def missing(self) -> tuple[Missing, ...]:
        return tuple(self.noted)

    @property
    def noted(self) -> Missings:
        return self._noted

    def again(self) -> SavedSource:
        return SavedSource(self._saved, self._path)

    @property
    def cpus(self) -> tuple[int, ...]:
        """Empty: the file does not tell."""
        return ()

    def tasks(self) -> Iterator[Task]:
        """Every task that was recorded, as its last record has it."""
        tasks = (hit.given.task for hit in self._hits.values())
        yield from {task.address: task for task in tasks if task is not None}.values()

    def running_tasks(self) -> tuple[Task, ...]:
        return ()

    def panicking_task(self) -> Task | None:
        return None

    def default_task(self) -> Task | None:
        """That of the last record."""
        return next((hit.given.task for hit in reversed(self._hits.values())), None)

    def uninterruptible(self, tasks: Iterable[Task]) -> tuple[Uninterruptible, ...]:
        return ()  # a task that hits a probe runs

    def machine(self) -> Machine:
        unread = Unread(
            "the machine around them: a file of records holds records only", "records-only"
        )
        return Machine(unread, unread, unread, unread, unread, unread, unread)

    def probes(self) -> tuple[Kprobe, ...]:
        """The probes that recorded; the file knows no others."""
        found = {hit.record.probe.address: hit.given.kprobe for hit in self._hits.values()}
        return tuple(probe for _address, probe in sorted(found.items()) if probe is not None)

    def calls_of(self, task: Task) -> tuple[CallFrame, ...]:
        """None: the tables that unwinding needs are not in the file."""
        return ()

    def note_frames(self, tasks: Iterable[Task]) -> Iterator[Frame]:
        yield from ()

    def found_of(self, task: Task) -> Sequence[Found]:
        of_task = [hit for hit in self._hits.values() if hit.record.task_address == task.address]
        last = events_of(of_task)[-1].hits if of_task else ()
        given = sorted((hit.given for hit in last), key=lambda frame: frame.address)
        entries = [hit.entry for hit in last if hit.entry is not None]
        return (*given, *entries[-1:])

    def frame_at(self, address: int) -> Frame:
        for hit in reversed(self._hits.values()):
            for frame in hit.frames:
                if frame.address == address:
                    return frame
        raise NothingMatched(f"no frame lay at {address:#x}")

    def hits(self) -> tuple[Hit, ...]:
        return tuple(self._hits.values())

    def record(self, index: int) -> Hit:
        if index not in self._hits:
            held = f"{min(self._hits)} to {max(self._hits)}" if self._hits else "none"
            raise NothingMatched(f"no record {index}; held are: {held}")
        return self._hits[index]

    def context(self, frame: Frame) -> Context:
        assert frame.record is not None  # every one of this target has it
        return self._contexts[frame.record.index, frame.address]

    @property
    def crash(self) -> Crash:
        return NO_CRASH  # a file of records does not tell what became of its kernel

    def access(self, frame: Frame, context: Context | None = None) -> FaultingAccess | None:
        return None  # a probe's handler is given no frame of an exception that an access raised

    def compared_with_log(self, frame: Frame) -> tuple[Evidence, ...]:
        return ()  # there is no log in the file

    def stack(self, task: Task) -> StackPicture:
        """Without call frames: the tables that unwinding needs are not in the file."""
        return StackPicture(
            self.target_identity,
            self.kernel_identity,
            task,
            task.stack,
            None,
            (),
            self.frames_of(task),
            missing=self.missing,
        )

    def probe(self, symbol: str, offset: int, module: str | None, asked: str) -> ProbeAnswer:
        raise TargetError(f"{self._identity.path}: a file of records holds no kernel text to probe")


def _hit(kept: SavedRecord) -> Hit:
    given = replace(kept.given.frame, record=kept.record)
    entry = None if kept.entry is None else replace(kept.entry.frame, record=kept.record)
    return Hit(given, entry)
