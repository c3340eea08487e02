# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a small dump holds, and why: for whoever has to hand it over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from inspector.model.missing import Missing
from inspector.model.sensitive import SensitiveKind


class PageKind(Enum):
    """What a page, or a range of its bytes, is kept for; the values are for people."""

    PAGE_TABLE = "page tables"
    BTF = "BTF"
    KALLSYMS = "kallsyms"
    ORC = "ORC"
    TEXT = "kernel text"
    IMAGE = "other kernel image"
    MODULE = "modules"
    STACK = "stacks"
    OBJECT = "tasks and other objects"


WHY: dict[PageKind, str] = {
    PageKind.PAGE_TABLE: "the entries by which addresses are translated",
    PageKind.BTF: "the kernel's own types",
    PageKind.KALLSYMS: "the names of its symbols",
    PageKind.ORC: "how to unwind each function",
    PageKind.TEXT: "instructions that frames point to, and functions that are asked about",
    PageKind.IMAGE: "the kernel's variables and tables",
    PageKind.MODULE: "modules, what was generated at run time, and framefreeze's records",
    PageKind.STACK: "frames, and the words between them",
    PageKind.OBJECT: "tasks, processes by their pids, per-CPU data",
}


@dataclass(frozen=True, slots=True)
class KindSize:
    """How much of a dump a kind takes.

    :ivar stored: bytes in the file
    """

    kind: PageKind
    pages: int
    stored: int


@dataclass(frozen=True, slots=True)
class KeptRange:
    """Bytes ``[low, high)`` that are kept.

    :ivar virtual: whether these are virtual addresses; else physical
    """

    kind: PageKind
    low: int
    high: int
    virtual: bool


@dataclass(frozen=True, slots=True)
class Distillate:
    """A small dump that was written.

    :ivar pages: how many pages it holds
    :ivar core_size: bytes of the dump it was made from
    :ivar size: bytes of the small one
    :ivar kinds: what its pages hold, the largest first
    :ivar ranges: every range of bytes that it holds of the dump
    :ivar taken_out: bytes of users' data that were replaced, by kind
    :ivar text: functions whose text it holds from the first byte to the last
    :ivar missing: what the report could not read; the small dump cannot answer it either
    """

    pages: int
    core_size: int
    size: int
    kinds: tuple[KindSize, ...]
    ranges: tuple[KeptRange, ...]
    taken_out: Mapping[SensitiveKind, int]
    text: tuple[str, ...]
    missing: tuple[Missing, ...]
