# SPDX-License-Identifier: LGPL-2.1-or-later
"""The structures of a kdump-compressed dump, as makedumpfile writes them on x86-64.

Format facts: makedumpfile's ``IMPLEMENTATION`` and ``diskdump_mod.h``. In blocks of one page:
the header, the sub header with the notes behind it, two bitmaps (page frames that exist, page
frames that are here), a descriptor for each bit of the second, then the pages.
"""

import struct

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

ZLIB = 1  # DUMP_DH_COMPRESSED_ZLIB, for the header's status and a descriptor's flags

DUMP_LEVEL = 31  # all of makedumpfile's kinds of page may be missing
