# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dump that is being distilled: opened, read through notes, written again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from drgn import FaultError

from inspector.distill.leftovers import check_leftovers
from inspector.distill.noting import NotingReader, Patches
from inspector.distill.redact import Redaction
from inspector.distill.trim import trim_names, trim_unwinding
from inspector.distill.write import Preamble, read_head, vmcoreinfo_note, without, write_kdump
from inspector.errors import InspectorError
from inspector.facts.addresses import PAGE_SHIFT, PAGE_SIZE, START_KERNEL_MAP
from inspector.formats.kdump import UTS_FIELD, UTS_SIZE, KdumpPages, kept_map, lacks_map
from inspector.formats.memory import image_symbols, phys_base
from inspector.formats.notes import Note, joined, kept_note
from inspector.kernel.text import function_at
from inspector.model.distillate import (
    KeptRange,
    KindSize,
    PageKind,
    SensitiveKind,
    SensitivePlaces,
    Trim,
)
from inspector.target.dump_memory import NOT_KEPT
from inspector.target.faults import opening, reader
from inspector.target.kallsyms import completed_vmcoreinfo, find_tables
from inspector.target.open import check_kernel, open_core, target_of
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.symbols import Symbols
from inspector.target.target import Target, vmcoreinfo

# The first range that holds a page's address names it; borders are symbols.
_RANGES = (
    (PageKind.BTF, "__start_BTF", "__stop_BTF"),
    (PageKind.ORC, "__start_orc_unwind", "__stop_orc_unwind"),
    (PageKind.ORC, "__start_orc_unwind_ip", "__stop_orc_unwind_ip"),
    (PageKind.ORC, "orc_lookup", "orc_lookup_end"),
    (PageKind.TEXT, "_stext", "_etext"),
    (PageKind.IMAGE, "_text", "_end"),
)

# kallsyms has no names for itself, VMCOREINFO has (since 6.0, commit 5fd8fea935a1).
_KALLSYMS = "SYMBOL(kallsyms_"


class Kinds:
    """Tells kinds of pages by the virtual addresses they were read at.

    :param info: VMCOREINFO
    :param stacks: half-open ranges
    """

    def __init__(
        self, symbols: Symbols, info: Mapping[str, str], stacks: Iterable[tuple[int, int]]
    ) -> None:
        of_stacks = ((PageKind.STACK, low, high) for low, high in stacks)
        self._ranges = [*_kallsyms(info), *_named_ranges(symbols)]
        self._stacks = {
            page: kind
            for kind, low, high in of_stacks
            for page in range(low >> PAGE_SHIFT, high + PAGE_SIZE - 1 >> PAGE_SHIFT)
        }

    def of(self, page: int | None) -> PageKind:
        """The kind of the virtual page number ``page``; None is read by physical address."""
        if page is None:
            return PageKind.PAGE_TABLE
        if page in self._stacks:
            return self._stacks[page]
        address = page << PAGE_SHIFT
        for kind, low, high in self._ranges:
            if low < address + PAGE_SIZE and address < high:
                return kind
        # What is not of the image is a module's, or text that was made at run time.
        return PageKind.MODULE if address >= START_KERNEL_MAP else PageKind.OBJECT


def _named_ranges(symbols: Symbols) -> Iterator[tuple[PageKind, int, int]]:
    for kind, first, last in _RANGES:
        low, high = symbols.address_of(first), symbols.address_of(last)
        if low is not None and high is not None:
            yield kind, low, high


def _kallsyms(info: Mapping[str, str]) -> Iterator[tuple[PageKind, int, int]]:
    tables = [int(value, 16) for key, value in info.items() if key.startswith(_KALLSYMS)]
    if tables:
        yield PageKind.KALLSYMS, min(tables), max(tables) + 512  # 256 token indexes of two bytes


_TEXT_KINDS = (PageKind.TEXT, PageKind.MODULE)


@dataclass(frozen=True, slots=True)
class Written:
    """The content of a small dump.

    :ivar kinds: its pages, the largest kind first
    :ivar ranges: every range of bytes that is kept, by physical address
    :ivar taken_out: bytes of each kind that were replaced
    :ivar text: functions whose text is kept as a whole
    :ivar check: searches the finished file for what they were; it raises :class:`TargetError`
    """

    kinds: tuple[KindSize, ...]
    ranges: tuple[KeptRange, ...]
    taken_out: Mapping[SensitiveKind, int]
    text: tuple[str, ...]
    check: Callable[[Path], None]


class Original:
    """The dump at ``core``, opened to be read through notes and written again.

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
        if self._tables is not None:  # so that nobody has to search again
            self._info_text = completed_vmcoreinfo(self._info_text, self._tables)
        self._head = read_head(core, identity.format or "")
        self._map = kept_map(core)
        self._reader = NotingReader(self._pages(), self._info, self._map)
        self._target: Target | None = None  # the one with BTF, if there is any

    def target(self, vmlinux: Path | None) -> Target:
        """Open the dump as a target whose every read is noted.

        A program of its own has the dump open (it knows the CPUs' notes) and gets its memory
        from the noting reader.

        :raises TargetError: as :func:`inspector.target.open.open_target` does
        """
        spec = TargetSpec(TargetKind.CORE, str(self._core), vmlinux=vmlinux)
        prog, identity = open_core(spec)
        self._reader.take_over(prog)
        target = target_of(prog, identity, spec, self._tables)
        if self._target is None or target.btf is not None:
            self._target = target
        return target

    def write(
        self,
        file: BinaryIO,
        places: SensitivePlaces,
        kinds: Collection[SensitiveKind],
        trim: Trim | None,
        unwound: Collection[int],
    ) -> Written:
        """Write the small dump, without what ``kinds`` names of the ``places``.

        :param unwound: the text addresses that were unwound through, for trimmed tables
        """
        assert self._target is not None  # a report was read before anything is written
        patches = Patches(self._reader)
        if trim:
            with opening(str(self._core)):
                read = reader(self._prog)
                trim_unwinding(self._target, patches, unwound)
                if trim is Trim.ALL:
                    trim_names(self._target, patches, self._kallsyms(), read)
        redaction = Redaction(self._reader, patches, places, kinds)
        frames = self._reader.kept.frames()

        def page(frame: int) -> bytes:
            with opening(str(self._core)):
                whole = patches.page(frame, self._reader.page(frame))
            return self._reader.kept.only_kept(frame, whole)

        # Zeros that an older distilling left behind are not to be vouched for.
        kept = () if lacks_map(self._core) else (kept_note(self._reader.kept.ranges()),)
        preamble = self._preamble(kinds, kept)
        sizes = write_kdump(file, preamble, frames, page)
        kinds_of = Kinds(self._target.symbols, self._info, places.stacks)

        def check(small: Path) -> None:
            if kinds:
                of = {frame: kinds_of.of(self._reader.pages[frame]) for frame in frames}
                notes = [note for note in preamble.notes if note.is_cpu]
                check_leftovers(small, redaction.removed, notes, of)

        ranges = tuple(self._ranges(kinds_of, frames))
        return Written(
            self._by_kind(kinds_of, frames, sizes),
            ranges,
            redaction.taken_out,
            tuple(sorted(set(_functions(self._target, ranges)))),
            check,
        )

    def _pages(self) -> Callable[[int], bytes]:
        """A function that reads whole page frames; what an earlier distilling left out is zeros."""
        if self._map is None:
            return lambda frame: bytes(self._prog.read(frame << PAGE_SHIFT, PAGE_SIZE, True))
        file = KdumpPages(self._core)

        def page(frame: int) -> bytes:
            data = file.page(frame)
            if data is None:
                raise FaultError(NOT_KEPT, frame << PAGE_SHIFT)
            return data

        return page

    def _kallsyms(self) -> dict[str, int]:
        if self._tables is not None:
            return self._tables.vmcoreinfo()
        return {n: a for n, a in image_symbols(self._info).items() if n.startswith("kallsyms_")}

    def _preamble(self, kinds: Collection[SensitiveKind], kept: tuple[Note, ...]) -> Preamble:
        notes = (without(note, kinds) for note in self._head.cpu_notes)
        return Preamble(
            self._utsname(),
            int(self._info.get("CRASHTIME", "0")),
            phys_base(self._info),
            (*notes, *kept, vmcoreinfo_note(self._info_text)),
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

    def _by_kind(
        self, kinds: Kinds, frames: Sequence[int], sizes: Sequence[int]
    ) -> tuple[KindSize, ...]:
        pages: Counter[PageKind] = Counter()
        stored: Counter[PageKind] = Counter()
        for frame, size in zip(frames, sizes, strict=True):
            kind = kinds.of(self._reader.pages[frame])
            pages[kind] += 1
            stored[kind] += size
        return tuple(KindSize(kind, pages[kind], size) for kind, size in stored.most_common())

    def _ranges(self, kinds: Kinds, frames: Sequence[int]) -> Iterator[KeptRange]:
        for frame in frames:
            page = self._reader.pages[frame]
            base = (frame if page is None else page) << PAGE_SHIFT
            for start, end in self._reader.kept.runs(frame):
                yield KeptRange(kinds.of(page), base + start, base + end, page is not None)


def _functions(target: Target, ranges: Sequence[KeptRange]) -> Iterator[str]:
    """The functions that lie in ``ranges`` of text from their first byte to their last."""
    text = sorted((r.low, r.high) for r in ranges if r.virtual and r.kind in _TEXT_KINDS)
    for low, high in joined(text):
        at = low
        while at < high:
            try:
                _location, function = function_at(target, at)
            except InspectorError:
                break  # what was generated at run time
            if low <= function.low < function.high <= high:
                yield function.name
            at = max(function.high, at + 1)
