# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether a kdump file has all the bytes that its own tables promise.

libkdumpfile maps the file: reading a page beyond its end would end the process with SIGBUS.
"""

from __future__ import annotations

import struct
from os import SEEK_END, fstat
from pathlib import Path
from typing import BinaryIO

from inspector.errors import TargetError
from inspector.target.kdump_layout import PAGE_DESCRIPTOR, Tables, tables_of

# Pages are written in the order of their descriptors, so the last ones end the file. Several,
# because makedumpfile lets pages of zeros share the first one's data.
_LAST = 4096

_MAX_NOTES = 16 << 20
_CHUNK = 1 << 20


def check_whole(path: Path) -> None:
    """Do nothing if it has.

    :raises TargetError: if the file ends before its last page does, or lies about its tables
    """
    try:
        with path.open("rb") as file:
            promised = _promised_size(file)
    except struct.error:
        raise TargetError(f"{path}: is cut short inside its header") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    size = path.stat().st_size
    if size < promised:
        raise TargetError(f"{path}: is cut short: it has {size} bytes of {promised}")


def _promised_size(file: BinaryIO) -> int:
    tables = tables_of(file)
    if not _has_vmcoreinfo(file, tables):
        raise TargetError(f"{file.name}: has no VMCOREINFO: nothing says where its kernel is")
    if file.seek(0, SEEK_END) < tables.descriptors:
        return tables.descriptors
    file.seek(tables.kept)
    pages = _bits_set(file, tables.descriptors - tables.kept)
    return max(tables.descriptors, _end_of_pages(file, tables.descriptors, pages))


def _has_vmcoreinfo(file: BinaryIO, tables: Tables) -> bool:
    if tables.vmcoreinfo_size:
        return True
    file.seek(min(tables.notes, fstat(file.fileno()).st_size))
    return b"VMCOREINFO\0" in file.read(min(tables.notes_size, _MAX_NOTES))


def _end_of_pages(file: BinaryIO, table: int, pages: int) -> int:
    first = max(0, pages - _LAST)
    file.seek(table + first * PAGE_DESCRIPTOR.size)
    descriptors = file.read((pages - first) * PAGE_DESCRIPTOR.size)
    if len(descriptors) < (pages - first) * PAGE_DESCRIPTOR.size:
        return table + pages * PAGE_DESCRIPTOR.size
    ends = (int(at + size) for at, size, _, _ in PAGE_DESCRIPTOR.iter_unpack(descriptors))
    return max(ends, default=0)


def _bits_set(file: BinaryIO, size: int) -> int:
    total = 0
    while size > 0:
        chunk = file.read(min(size, _CHUNK))
        if not chunk:
            break
        total += int.from_bytes(chunk, "little").bit_count()
        size -= len(chunk)
    return total
