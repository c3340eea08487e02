# SPDX-License-Identifier: LGPL-2.1-or-later
"""The structures of a kdump-compressed dump, as makedumpfile writes them on x86-64.

Format facts: makedumpfile's ``IMPLEMENTATION`` and ``diskdump_mod.h``. In blocks of one page:
the header, the sub header with the notes behind it, two bitmaps (page frames that exist, page
frames that are here), a descriptor for each bit of the second, then the pages.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from inspector.errors import TargetError

SIGNATURE = b"KDUMP   "
VERSION = 6

HEADER = struct.Struct("<8si390s6xqqIiiIIIIIIi")
"""``struct disk_dump_header``.

signature, header_version, utsname, timestamp (seconds, microseconds), status, block_size,
sub_hdr_size and bitmap_blocks (in blocks), max_mapnr, total_ram_blocks, device_blocks,
written_blocks, current_cpu, nr_cpus
"""

SUB_HEADER = struct.Struct("<Qii11Q")
"""``struct kdump_sub_header``.

phys_base, dump_level, split, start_pfn, end_pfn, offset_vmcoreinfo, size_vmcoreinfo,
offset_note, size_note, offset_eraseinfo, size_eraseinfo, start_pfn_64, end_pfn_64, max_mapnr_64
"""

PAGE_DESCRIPTOR = struct.Struct("<QIIQ")
"""``struct page_desc``: offset of the data in the file, its size, flags, page_flags"""

UTS_FIELD = 65  # __NEW_UTS_LEN + 1, include/uapi/linux/utsname.h
UTS_SIZE = 6 * UTS_FIELD

# For the header's status and a descriptor's flags.
UNCOMPRESSED = 0
ZLIB = 1  # DUMP_DH_COMPRESSED_ZLIB

DUMP_LEVEL = 31  # all of makedumpfile's kinds of page may be missing


@dataclass(frozen=True, slots=True)
class Tables:
    """Where the tables of a dump are, in bytes from the beginning of its file.

    :ivar block_size: a page's
    :ivar kept: the bitmap of the page frames that are here, which ends where descriptors begin
    :ivar vmcoreinfo_size: of VMCOREINFO, where it is not only among the notes
    """

    block_size: int
    kept: int
    descriptors: int
    vmcoreinfo_size: int
    notes: int
    notes_size: int


def tables_of(file: BinaryIO) -> Tables:
    """The tables of the dump ``file``.

    :raises struct.error: if it ends before they are named
    :raises TargetError: if its header says what cannot be, or it is one part of several
    """
    file.seek(0)
    header: tuple[int, ...] = HEADER.unpack(file.read(HEADER.size))
    block_size, sub_header_blocks, bitmap_blocks = header[6:9]
    if not 512 <= block_size <= 1 << 16 or sub_header_blocks < 1 or bitmap_blocks < 2:
        raise TargetError(f"{file.name}: its header is damaged")
    file.seek(block_size)
    sub_header: tuple[int, ...] = SUB_HEADER.unpack(file.read(SUB_HEADER.size))
    if sub_header[2]:
        raise TargetError(
            f"{file.name}: is one part of a split dump; put them together first:"
            " makedumpfile --reassemble PART… OUT"
        )
    bitmaps = (1 + sub_header_blocks) * block_size
    half = bitmap_blocks // 2 * block_size
    descriptors = bitmaps + bitmap_blocks * block_size
    return Tables(block_size, bitmaps + half, descriptors, *sub_header[6:9])
