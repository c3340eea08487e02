# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames as comma-separated values, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from inspector.model.entry_frame import Found, whole
from inspector.model.frame import Frame
from inspector.model.missing import Missing
from inspector.model.registers import REGISTER_NAMES
from inspector.render.csv_cell import text_cell
from inspector.render.json_frame import location_object, register_object, word_object

CSV_COLUMNS: tuple[str, ...] = (
    "pid",
    "tgid",
    "comm",
    "cpu",
    "origin",
    "user_mode",
    "stack",
    "found_in",
    "address",
    "syscall_nr",
    "syscall",
    "vector",
    "interrupted",
    "kprobe",
    "record",
    *REGISTER_NAMES,
)


class FramesCsv:
    """A line of names, then one a frame; what is unknown or absent is an empty cell.

    For what could not be read there is no place.
    """

    opening = between = ""

    def __init__(self) -> None:
        self.before_frames = _line(CSV_COLUMNS)

    def of(self, found: Found) -> str:
        """One frame's line."""
        return _line(_row(whole(found)))

    def end(self, count: int, _missing: Iterable[Missing]) -> str:
        """The names alone, if there was no frame."""
        return "" if count else self.before_frames


def _line(cells: Sequence[object]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _row(frame: Frame) -> list[object]:
    task, syscall, kprobe = frame.task, frame.syscall, frame.kprobe
    return [
        task.pid if task else None,
        task.tgid if task else None,
        text_cell(task.comm if task else None),
        frame.cpu,
        frame.origin.value,
        str(frame.user_mode).lower(),
        frame.stack.value if frame.stack else None,
        frame.found_in.value,
        word_object(frame.address),
        syscall.nr if syscall else None,
        text_cell(syscall.name if syscall else None),
        frame.vector,
        text_cell(location_object(frame.interrupted)),
        text_cell(location_object(kprobe.location) if kprobe else None),
        frame.record.index if frame.record else None,
        *(register_object(frame, name) for name in REGISTER_NAMES),
    ]
