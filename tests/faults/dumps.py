# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same dump in another format: what a reader must not care about."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from inspector.formats.kdump import HEADER, PAGE_DESCRIPTOR, SUB_HEADER
from inspector.formats.notes import Note, unpack
from tests.answers import Answer

PAGE = 4096
SNAPPY, ZSTD = 4, 32  # DUMP_DH_COMPRESSED_*, makedumpfile's diskdump_mod.h

_CRASH_NOTE = struct.pack("<III", 5, 336, 1) + b"CORE\0"  # NT_PRSTATUS
_NOTE_SIZE = 20 + 336

Compress = Callable[[bytes], bytes]


def notes_size(dump: bytes) -> int:
    """Bytes of a kdump's notes."""
    return int(SUB_HEADER.unpack_from(dump, PAGE)[8])


def notes(dump: bytes) -> tuple[Note, ...]:
    """The notes of a kdump."""
    at, size = SUB_HEADER.unpack_from(dump, PAGE)[7:9]
    return tuple(unpack(dump[at : at + size]))


def pages(dump: bytes) -> Iterator[tuple[int, bytes]]:
    """Page frame number and content of every page of a kdump that zlib compressed."""
    table = _table(dump)
    for index, frame in enumerate(_frames(dump)):
        at, size, flags, _ = PAGE_DESCRIPTOR.unpack_from(dump, table + index * PAGE_DESCRIPTOR.size)
        data = dump[at : at + size]
        yield frame, zlib.decompress(data) if flags else data


def compressed_otherwise(dump: bytes, compress: Compress, flag: int) -> bytes:
    """The kdump with each page compressed by another method."""
    content = list(pages(dump))
    table = _table(dump)
    at, descriptors, data = table + len(content) * PAGE_DESCRIPTOR.size, [], []
    for _frame, page in content:
        small = compress(page)
        descriptors.append(PAGE_DESCRIPTOR.pack(at, len(small), flag, 0))
        data.append(small)
        at += len(small)
    return b"".join((dump[:table], *descriptors, *data))


def as_elf(
    dump: bytes, of_notes: bytes | None, edit: Callable[[bytes], bytes] = lambda page: page
) -> bytes:
    """The kdump as an ELF core, a segment for each run of pages.

    :param of_notes: the bytes of the notes; None for no segment of notes
    :param edit: makes of each page the one that is written
    """
    runs = list(_runs(dump, edit))
    segments = len(runs) + (of_notes is not None)
    at = 64 + 56 * segments
    ident = b"\x7fELF\2\1\1" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, segments, 0, 0, 0)
    heads, data = [ident + header], []
    if of_notes is not None:
        heads.append(struct.pack("<IIQQQQQQ", 4, 0, at, 0, 0, len(of_notes), 0, 4))
        data.append(of_notes)
        at += len(of_notes)
    for physical, content in runs:
        size = len(content)
        heads.append(struct.pack("<IIQQQQQQ", 1, 7, at, physical, physical, size, size, 0))
        data.append(content)
        at += size
    return b"".join((*heads, *data))


def _table(dump: bytes) -> int:
    """Where the page descriptors begin."""
    sub_header, bitmaps = HEADER.unpack_from(dump)[7:9]
    return int(1 + sub_header + bitmaps) * PAGE


def _frames(dump: bytes) -> Iterator[int]:
    """The page frames that are there, by the second bitmap."""
    bitmaps = int(HEADER.unpack_from(dump)[8]) * PAGE
    second = dump[_table(dump) - bitmaps // 2 : _table(dump)]
    for at, byte in enumerate(second):
        yield from (8 * at + bit for bit in range(8) if byte >> bit & 1)


def without_crash_note(page: bytes) -> bytes:
    """A page as it would be had crash_save_cpu() never written a note into it."""
    at = page.find(_CRASH_NOTE)
    return page if at < 0 else page[:at] + bytes(_NOTE_SIZE) + page[at + _NOTE_SIZE :]


def _runs(dump: bytes, edit: Callable[[bytes], bytes]) -> Iterator[tuple[int, bytes]]:
    """Physical address and content of each run of pages."""
    first, run = 0, bytearray()
    for frame, content in pages(dump):
        if run and frame * PAGE != first + len(run):
            yield first, bytes(run)
            run = bytearray()
        if not run:
            first = frame * PAGE
        run += edit(content)
    if run:
        yield first, bytes(run)


def frames_of(answer: Answer) -> list[str]:
    """The frames in an answer of ``frames --format jsonl``, without what is said around them."""
    return [line for line in answer.stdout.splitlines() if line.startswith('{"address"')]
