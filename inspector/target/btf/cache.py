# SPDX-License-Identifier: LGPL-2.1-or-later
"""Type indexes kept on disk."""

from __future__ import annotations

from array import array

from inspector.target.btf.records import Btf, TypeIndex
from inspector.target.kept import kept

_MAGIC = b"inspector-btf-1\n"


def indexed(blob: bytes, build_id: str | None) -> Btf:
    """BTF with its index, from the cache if that has the right one; else it has it then.

    :param build_id: of the kernel that ``blob`` is from, None where it is not known
    :raises TargetError: if the blob lies about itself
    """
    file = kept(build_id, "btf", _MAGIC)
    if file is None:
        return Btf(blob)
    index = _decoded(file.load(blob))
    btf = Btf(blob, index)
    if index is None:
        file.save(btf.index.offsets.tobytes() + btf.index.names, blob)
    return btf


def _decoded(payload: bytes | None) -> TypeIndex | None:
    if payload is None or len(payload) % 8:
        return None
    half = len(payload) // 2
    offsets = array("I")
    offsets.frombytes(payload[:half])
    return TypeIndex(offsets, payload[half:])
