# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a dump and a report on it to a small dump that answers the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.distill.first_steps import read_first_steps
from inspector.distill.kinds import KindSize
from inspector.distill.source import Source
from inspector.distill.whole import check_writable, whole_file
from inspector.errors import TargetError
from inspector.model.report import Incomplete
from inspector.target.target import Target

Report = Callable[[Target], Sequence[Incomplete]]
"""Reads everything that an answer about a target can need; returns what it could not read."""


@dataclass(frozen=True, slots=True)
class Distillate:
    """A small dump that was written.

    :ivar pages: how many pages it holds
    :ivar core_size: bytes of the dump it was made from
    :ivar size: bytes of the small one
    :ivar kinds: what its pages hold, the largest first
    :ivar incomplete: what the report could not read; the small dump cannot answer it either
    """

    pages: int
    core_size: int
    size: int
    kinds: tuple[KindSize, ...]
    incomplete: tuple[Incomplete, ...]


def distill(core: Path, out: Path, report: Report, vmlinux: Path | None = None) -> Distillate:
    """Write to ``out`` a dump with only those pages of ``core`` that ``report`` reads.

    :param vmlinux: an image with DWARF; the report then runs a second time, with its types
    :raises TargetError: in one line, if ``core`` cannot be opened or ``out`` not be written;
        ``out`` then is as it was
    """
    check_writable(out)
    source = Source(core)
    if out.exists() and out.samefile(core):
        raise TargetError(f"{out}: is the dump itself; give the small one another name")
    incomplete = dict.fromkeys(_read(source, report, vmlinux))
    with whole_file(out) as file:
        kinds = source.write(file)
    pages = sum(kind.pages for kind in kinds)
    sizes = core.stat().st_size, out.stat().st_size
    return Distillate(pages, *sizes, kinds, tuple(incomplete))


def _read(source: Source, report: Report, vmlinux: Path | None) -> list[Incomplete]:
    try:
        incomplete = _read_with(source.target(None), report)
    except TargetError as error:
        if vmlinux is None:
            raise
        # A kernel without BTF: the small dump answers only with its vmlinux, as does the dump.
        incomplete = [Incomplete(f"without a vmlinux: {error}")]
    if vmlinux is not None:
        incomplete += _read_with(source.target(vmlinux), report)
    return incomplete


def _read_with(target: Target, report: Report) -> list[Incomplete]:
    return [*report(target), *read_first_steps(target)]
