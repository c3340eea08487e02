# SPDX-License-Identifier: LGPL-2.1-or-later
"""A disk with one partition, which a kernel finds without an initramfs whatever its name is.

The table is the PC's (block/partitions/msdos.c): a disk's signature at 440, four entries of 16
bytes at 446, and two bytes that say that it is one.
"""

import struct
from pathlib import Path

START = 1 << 20  # bytes before the partition, as partitioning tools leave them

_SIGNATURE = 0x4C414230
PARTUUID = f"{_SIGNATURE:08x}-01"

_SECTOR = 512
_LINUX = 0x83
_TABLE = struct.Struct("<IxxB3xB3xII48xH")
_AT = 440


def write_table(image: Path) -> None:
    """Say that all of ``image`` from START on is the partition PARTUUID."""
    sectors = (image.stat().st_size - START) // _SECTOR
    with image.open("r+b") as file:
        file.seek(_AT)
        file.write(_TABLE.pack(_SIGNATURE, 0, _LINUX, START // _SECTOR, sectors, 0xAA55))
