# SPDX-License-Identifier: LGPL-2.1-or-later
"""The running kernel's build ID, as anybody may read it."""

from __future__ import annotations

import struct
from pathlib import Path

_NOTES = Path("/sys/kernel/notes")
_HEAD = struct.Struct("<III")  # Elf64_Nhdr: n_namesz, n_descsz, n_type
_BUILD_ID = (b"GNU\0", 3)  # NT_GNU_BUILD_ID


def running_build_id() -> str | None:
    """In hex; None where the kernel was linked without one."""
    try:
        return build_id_of(_NOTES.read_bytes())
    except OSError:
        return None


def build_id_of(notes: bytes) -> str | None:
    """The build ID among ELF ``notes``, or None."""
    at = 0
    while at + _HEAD.size <= len(notes):
        name_size, size, kind = _HEAD.unpack_from(notes, at)
        name = at + _HEAD.size
        content = name + _padded(name_size)
        if (notes[name : name + name_size], kind) == _BUILD_ID:
            return notes[content : content + size].hex() or None
        at = content + _padded(size)
    return None


def _padded(size: int) -> int:
    return -(-size // 4) * 4
