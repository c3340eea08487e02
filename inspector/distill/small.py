# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a dump and a report on it to a small dump that answers the same."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from inspector.distill.first_steps import read_first_steps
from inspector.distill.source import Source
from inspector.distill.whole import check_writable, whole_file
from inspector.errors import TargetError
from inspector.model.distillate import Distillate
from inspector.model.missing import Missing
from inspector.model.sensitive import SensitiveKind, SensitivePlaces
from inspector.model.trim import Trim
from inspector.target.target import Target


@dataclass(frozen=True, slots=True)
class Reading:
    """What a report has to say of the dump it read.

    :ivar missing: what it could not read
    :ivar places: where users' data lies in what it did read
    :ivar unwound: the text addresses that it unwound through
    """

    missing: tuple[Missing, ...]
    places: SensitivePlaces = field(default_factory=SensitivePlaces)
    unwound: frozenset[int] = frozenset()


Report = Callable[[Target], Reading]
"""Reads everything that an answer about a target can need."""


def distill(
    core: Path,
    out: Path,
    report: Report,
    vmlinux: Path | None,
    redact: Collection[SensitiveKind],
    trim: Trim | None,
    check: Callable[[Path], None],
) -> Distillate:
    """Write to ``out`` a dump with only those bytes of ``core`` that ``report`` reads.

    :param vmlinux: an image with DWARF; the report then runs a second time, with its types
    :param redact: what is taken out of that
    :param trim: what is cut down to what ``report`` needed of it
    :param check: looks at the small dump while it still has another name, and may refuse it
    :raises TargetError: in one line, if ``core`` cannot be opened or ``out`` not be written;
        ``out`` then is as it was
    """
    check_writable(out)
    source = Source(core)
    if out.exists() and out.samefile(core):
        raise TargetError(f"{out}: is the dump itself; give the small one another name")
    reading = _read(source, report, vmlinux)
    with whole_file(out) as file:
        written = source.write(file, reading.places, redact, trim, reading.unwound)
        file.flush()
        written.check(Path(file.name))
        check(Path(file.name))
    pages = sum(kind.pages for kind in written.kinds)
    sizes = core.stat().st_size, out.stat().st_size
    missing = tuple(dict.fromkeys(reading.missing))
    return Distillate(
        pages, *sizes, written.kinds, written.ranges, written.taken_out, written.text, missing
    )


def _read(source: Source, report: Report, vmlinux: Path | None) -> Reading:
    try:
        reading = _read_with(source.target(None), report)
    except TargetError as error:
        if vmlinux is None:
            raise
        # A kernel without BTF: the small dump answers only with its vmlinux, as does the dump.
        reading = Reading((Missing(error.rule, f"without a vmlinux: {error}"),))
    if vmlinux is None:
        return reading
    again = _read_with(source.target(vmlinux), report)
    missing = (*reading.missing, *again.missing)
    return replace(again, missing=missing, unwound=reading.unwound | again.unwound)


def _read_with(target: Target, report: Report) -> Reading:
    reading = report(target)
    return replace(reading, missing=(*reading.missing, *read_first_steps(target)))
