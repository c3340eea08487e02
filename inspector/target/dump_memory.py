# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory of a kdump read in Python, and the map of what a distilled dump kept."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from drgn import FaultError, Program

from inspector.errors import TargetError, Unreadable
from inspector.facts.addresses import PAGE_SHIFT, PAGE_SIZE
from inspector.formats.kdump import KdumpPages, kept_map
from inspector.formats.memory import INDEX_BITS, PRESENT, PageTables
from inspector.formats.notes import KeptMap
from inspector.processes.signals import undisturbed
from inspector.target.faults import reading

# What was made of a kernel's tables, kept on disk: a kernel that was opened before opens faster.
#
# A file is kept by the kernel's build ID and a digest of the very bytes that it was made from:
# those
# are always read from the target, so that no target can vouch for another's, and a small dump has
# its own beside the whole one's. Nothing of a target but its build ID and what was made of those
# tables is kept.

_DIGEST = hashlib.sha256
_DIGEST_SIZE = _DIGEST().digest_size

_BUILD_ID = re.compile(r"[0-9a-f]{8,128}")
_MAX_FILES = 16  # of a kind, each of less than ten megabytes
_MAX_SIZE = 16 << 20

_OFF = "FRAME_INSPECTOR_NO_CACHE"


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of one kind for a kernel.

    :ivar magic: what it is, and the version of its form
    """

    directory: Path
    build_id: str
    kind: str
    magic: bytes

    def load(self, *source: bytes) -> bytes | None:
        """The payload that :meth:`save` kept for ``source``; None if there is none or it is
        damaged.
        """
        digest = _digest_of(source)
        try:
            with self._path(digest).open("rb") as file:
                if not _is_private(os.fstat(file.fileno())):
                    return None
                data = file.read(_MAX_SIZE)
        except OSError:
            return None
        size = len(self.magic) + 2 * _DIGEST_SIZE
        head, payload = data[:size], data[size:]
        return payload if head == self._head(digest, payload) else None

    def save(self, payload: bytes, *source: bytes) -> None:
        """Keep ``payload``, made from ``source``, if possible."""
        digest = _digest_of(source)
        with suppress(OSError):  # a full or read-only disk costs speed, and nothing else
            self._write(self._path(digest), self._head(digest, payload) + payload)
            self._keep_few()

    def _path(self, digest: bytes) -> Path:
        return self.directory / f"{self.build_id}-{digest[:4].hex()}.{self.kind}"

    def _head(self, digest: bytes, payload: bytes) -> bytes:
        return self.magic + digest + _DIGEST(payload).digest()

    def _write(self, path: Path, data: bytes) -> None:
        import tempfile  # slow to import, and needed once a kernel

        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with undisturbed():  # a signal can wait for this long
            descriptor, name = tempfile.mkstemp(dir=self.directory)  # with mode 0600
            try:
                with open(descriptor, "wb") as file:
                    file.write(data)
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise

    def _keep_few(self) -> None:
        files = self.directory.glob(f"*.{self.kind}")
        for path in sorted(files, key=lambda p: p.stat().st_mtime, reverse=True)[_MAX_FILES:]:
            path.unlink()


def kept(build_id: str | None, kind: str, magic: bytes) -> Kept | None:
    """The files of one kind for a kernel, in ``$XDG_CACHE_HOME/frame-inspector/kernels``.

    None if no cache is wanted or can be named, or the build ID is not known.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.environ.get(_OFF) or not os.path.isabs(caches):
        return None
    if build_id is None or not _BUILD_ID.fullmatch(build_id):
        return None
    return Kept(Path(caches) / "frame-inspector" / "kernels", build_id, kind, magic)


def _digest_of(source: tuple[bytes, ...]) -> bytes:
    digest = _DIGEST()
    for part in source:
        digest.update(part)
    return digest.digest()


def _is_private(status: os.stat_result) -> bool:
    """Whether no other user can have written the file."""
    own = status.st_uid == os.geteuid()
    return own and stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077


# Kernel virtual memory of a kdump-compressed dump, read without drgn.
#
# libkdumpfile searches a list of 1,024 cached pages from end to end for each page that is not
# among them, which takes as long as decompressing one. Very many tasks are very many pages, each
# needed once.

_OFFSET = PAGE_SIZE - 1
_ENTRIES = 1 << INDEX_BITS

# Neighbouring structs share pages, and a struct is read in several pieces.
_MAX_PAGES = 64
_MAX_TABLES = 1024  # of a page each, and 2 MB of memory: more than 100,000 stacks

_PARTIAL = 1024  # of a page from whose beginning more is wanted, all is as fast

_WHOLE_ADDRESS_SPACE = (1 << 64) - 1
NOT_KEPT = "not in this dump: distilling did not keep it"


class DumpMemory:
    """Reads what it can, and leaves the rest to drgn.

    :param path: of a dump that :func:`~inspector.formats.kdump.check_whole` has let pass
    :param info: VMCOREINFO
    :raises TargetError: if VMCOREINFO does not say where the page tables are
    """

    def __init__(self, path: Path, info: Mapping[str, str]) -> None:
        self._file: KdumpPages = KdumpPages(path)
        self._walker = PageTables(info, self._physical)
        self._tables: dict[int, Sequence[int]] = {}
        self._pages: dict[int, bytes] = {}

    def read(self, address: int, size: int) -> bytes | None:
        """``size`` bytes from ``address`` up, or None."""
        page, offset = address >> PAGE_SHIFT, address & _OFFSET
        data = self._page(page)
        if data is None or offset + size <= PAGE_SIZE:
            return data and data[offset : offset + size]
        parts, size = [data[offset:]], size - (PAGE_SIZE - offset)
        while size > 0:
            page += 1
            data = self._page(page)
            if data is None:
                return None
            parts.append(data[:size])
            size -= PAGE_SIZE
        return b"".join(parts)

    def beginning(self, address: int, size: int) -> bytes | None:
        """Read a few bytes at the beginning of a page that nothing else is going to read."""
        if address & _OFFSET or size > _PARTIAL:
            return self.read(address, size)
        frame = self._frame(address >> PAGE_SHIFT)
        return None if frame is None else self._file.beginning(frame, size)

    def _page(self, page: int) -> bytes | None:
        data = self._pages.get(page)
        if data is None:
            frame = self._frame(page)
            data = None if frame is None else self._file.page(frame)
            if data is not None:
                if len(self._pages) >= _MAX_PAGES:
                    del self._pages[next(iter(self._pages))]
                self._pages[page] = data
        return data

    def _frame(self, page: int) -> int | None:
        region = page >> INDEX_BITS
        table = self._tables.get(region)
        if table is None:
            if len(self._tables) >= _MAX_TABLES:
                self._tables.clear()
            table = self._tables[region] = self._table(region << INDEX_BITS)
        entry = table[page & _ENTRIES - 1]
        return self._walker.frame_in(entry) if entry & PRESENT else None

    def _table(self, first: int) -> Sequence[int]:
        """The entries of the last level for 512 pages; those that a large page has in effect."""
        try:
            step = self._walker.walk(first, last=1)
        except Unreadable:
            return bytes(_ENTRIES)
        if step.level < 0:
            low = step.frame << PAGE_SHIFT | PRESENT
            return range(low, low + (_ENTRIES << PAGE_SHIFT), PAGE_SIZE)
        data = self._file.page(step.frame)
        return bytes(_ENTRIES) if data is None else memoryview(data).cast("Q")

    def _physical(self, address: int, size: int) -> bytes:
        data = self._file.page(address >> PAGE_SHIFT)
        if data is None:
            raise Unreadable(address, size, "a page is missing", "page-excluded")
        offset = address & _OFFSET
        return data[offset : offset + size]


class _EveryPage(KdumpPages):
    """As :class:`KdumpPages`, with the pages that are compressed by other methods: by drgn.

    Nothing else can read a distilled dump's: its own program reads through its map.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._path = path

    def page(self, frame: int) -> bytes | None:
        found = super().page(frame)
        if found is not None:
            return found
        try:
            data: bytes = self._whole.read(frame << PAGE_SHIFT, PAGE_SIZE, physical=True)
        except FaultError:
            return None
        return data

    @cached_property
    def _whole(self) -> Program:
        prog = Program()
        prog.set_core_dump(self._path)
        return prog


class KeptMemory(DumpMemory):
    """The memory of a distilled dump: only the bytes that its map says were kept.

    :param kept: the map
    :raises OSError: if the dump cannot be opened
    :raises TargetError: if VMCOREINFO does not say where the page tables are
    """

    def __init__(self, path: Path, info: Mapping[str, str], kept: KeptMap) -> None:
        self._kept = kept
        super().__init__(path, info)
        self._file = _EveryPage(path)

    def take_over(self, prog: Program) -> None:
        """Let ``prog``, which has the same dump open, read through here from now on."""
        prog.add_memory_segment(0, _WHOLE_ADDRESS_SPACE, self._virtual_segment, False)
        prog.add_memory_segment(0, _WHOLE_ADDRESS_SPACE, self._physical_segment, True)

    def read(self, address: int, size: int) -> bytes | None:
        """``size`` bytes from ``address`` up, or None where one of them was not kept."""
        at, left = address, size
        while left > 0:
            offset = at & _OFFSET
            frame, part = self._frame(at >> PAGE_SHIFT), min(left, PAGE_SIZE - offset)
            low = -1 if frame is None else frame << PAGE_SHIFT | offset
            if not self._kept.has(low, low + part):
                return None
            at, left = at + part, left - part
        return super().read(address, size)

    def beginning(self, address: int, size: int) -> bytes | None:
        """As :meth:`read`."""
        return self.read(address, size)

    def _virtual_segment(self, address: int, count: int, _offset: int, _physical: bool) -> bytes:
        found = self.read(address, count)
        if found is None:
            raise self._why_missing(address, count)
        return found

    def _why_missing(self, address: int, count: int) -> FaultError:
        for at in range(address & ~_OFFSET, address + count, PAGE_SIZE):
            try:
                frame = self._walker.walk(at >> PAGE_SHIFT).frame
            except Unreadable as error:
                return FaultError(error.reason, max(at, address))
            low, high = max(at, address), min(at + PAGE_SIZE, address + count)
            base = (frame << PAGE_SHIFT) - at
            missing = self._kept.first_missing(low + base, high + base)
            if missing is not None:
                return FaultError(NOT_KEPT, missing - base)
        return FaultError("a page is damaged", address)

    def _physical_segment(self, address: int, count: int, _offset: int, _physical: bool) -> bytes:
        parts = []
        try:
            for at, size in by_page(address, count):
                parts.append(self._physical(at, size))
        except Unreadable as error:
            raise FaultError(error.reason, error.address) from None
        return b"".join(parts)

    def _physical(self, address: int, size: int) -> bytes:
        missing = self._kept.first_missing(address, address + size)
        if missing is not None:
            raise Unreadable(missing, size, NOT_KEPT, "not-in-dump")
        return super()._physical(address, size)


def by_page(address: int, count: int) -> Iterator[tuple[int, int]]:
    """``[address, address + count)`` cut where pages end: addresses and sizes."""
    end = address + count
    while address < end:
        size = min(end - address, PAGE_SIZE - address % PAGE_SIZE)
        yield address, size
        address += size


def dump_memory(path: Path, info: Mapping[str, str]) -> DumpMemory | None:
    """The memory of the kdump at ``path``; None where only drgn can find its way in it.

    :raises TargetError: if it was distilled, and its map cannot be read
    """
    kept = kept_map(path)
    if kept is not None:
        with reading(str(path)):
            return KeptMemory(path, info, kept)
    try:
        return DumpMemory(path, info)
    except (OSError, TargetError):
        return None
