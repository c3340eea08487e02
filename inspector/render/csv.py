# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames as comma-separated values, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from io import StringIO

from inspector.model.evidence import Missing
from inspector.model.fleet import Cell, FleetAnswer
from inspector.model.frame import Found, Frame, whole
from inspector.model.registers import REGISTER_NAMES
from inspector.render.json import location_object, register_object, word_object
from inspector.render.words import cell_text, text_cell

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


def fleet_answer_csv(told: FleetAnswer) -> str:
    """A line of names, then the rows of the only table; what is unknown is an empty cell."""
    (one,) = told.answers
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(text_cell(column.name) for column in one.columns)
    for row in one.rows:
        writer.writerow([*map(_cell, row)])
    return out.getvalue()


def _cell(cell: Cell) -> str | int | float | None:
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return cell
    return text_cell(cell_text(cell))
