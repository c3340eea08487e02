# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dump that is being distilled: opened, read through notes, written again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from drgn import FaultError

from inspector.distill.head import read_head
from inspector.distill.kdump import Preamble, write_kdump
from inspector.distill.kinds import Kinds, KindSize, PageKind
from inspector.distill.notes import vmcoreinfo_note
from inspector.distill.noting import NotingReader
from inspector.distill.paging import phys_base
from inspector.target.faults import opening
from inspector.target.kallsyms import find_tables
from inspector.target.kdump_layout import UTS_FIELD, UTS_SIZE
from inspector.target.open import check_kernel, open_core, target_of
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.symbols import Symbols
from inspector.target.target import Target
from inspector.target.vmcoreinfo import vmcoreinfo


class Source:
    """The dump at ``core``.

    :raises TargetError: if it cannot be opened, or lacks what a small dump must say
    """

    def __init__(self, core: Path) -> None:
        self._core = core
        self._prog, identity = open_core(TargetSpec(TargetKind.CORE, str(core)))
        check_kernel(self._prog, str(core))
        with opening(str(core)):
            self._info = vmcoreinfo(self._prog)
            self._info_text: bytes = self._prog["VMCOREINFO"].string_()
        # Found once and not through the notes: what a search reads is no part of an answer.
        self._tables = find_tables(self._prog, self._info)
        self._head = read_head(core, identity.format or "")
        self._reader = NotingReader(self._prog, self._info)
        self._symbols: Symbols | None = None

    def target(self, vmlinux: Path | None) -> Target:
        """The dump as a target, the same as without this package, but each page read is noted.

        A program of its own has the dump open (it knows the CPUs' notes) and gets its memory
        from the noting reader.

        :raises TargetError: as :func:`inspector.target.open.open_target` does
        """
        spec = TargetSpec(TargetKind.CORE, str(self._core), vmlinux=vmlinux)
        prog, identity = open_core(spec)
        self._reader.take_over(prog)
        target = target_of(prog, identity, spec, self._tables)
        self._symbols = target.symbols
        return target

    def write(self, file: BinaryIO) -> tuple[KindSize, ...]:
        """Write the small dump.

        :returns: what it holds, the largest kind first
        """
        frames = sorted(self._reader.noted)
        sizes = write_kdump(file, self._preamble(), frames, self._page)
        return self._kinds(frames, sizes)

    def _page(self, frame: int) -> bytes:
        with opening(str(self._core)):
            return self._reader.page(frame)

    def _preamble(self) -> Preamble:
        return Preamble(
            self._utsname(),
            int(self._info.get("CRASHTIME", "0")),
            phys_base(self._info),
            (*self._head.cpu_notes, vmcoreinfo_note(self._info_text)),
        )

    def _utsname(self) -> bytes:
        """``struct new_utsname`` without the names of the machine and its domain.

        libkdumpfile takes the architecture from it, and believes it only if release, version
        and machine are there.
        """
        fields = [b"Linux", b"", self._info.get("OSRELEASE", "?").encode(), b"?", b"x86_64", b""]
        fields[3] = self._version() or fields[3]
        return b"".join(field[: UTS_FIELD - 1].ljust(UTS_FIELD, b"\0") for field in fields)

    def _version(self) -> bytes:
        """``utsname.version``; its text names the exact build of a distribution's package."""
        try:
            at = int(self._info["SYMBOL(init_uts_ns)"], 16)
            at += int(self._info["OFFSET(uts_namespace.name)"])
            utsname = self._head.utsname or self._prog.read(at, UTS_SIZE)
        except (KeyError, ValueError, FaultError):
            return b""
        return utsname[3 * UTS_FIELD :].split(b"\0", 1)[0]

    def _kinds(self, frames: Sequence[int], sizes: Sequence[int]) -> tuple[KindSize, ...]:
        if self._symbols is None:
            return ()
        kinds = Kinds(self._symbols, self._info)
        pages: Counter[PageKind] = Counter()
        stored: Counter[PageKind] = Counter()
        for frame, size in zip(frames, sizes, strict=True):
            kind = kinds.of(self._reader.noted[frame])
            pages[kind] += 1
            stored[kind] += size
        return tuple(KindSize(kind, pages[kind], size) for kind, size in stored.most_common())
