# SPDX-License-Identifier: LGPL-2.1-or-later
"""BTF as records: a pure, bounds-checked decoder of ``include/uapi/linux/btf.h``."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from inspector.errors import TargetError

BTF_MAGIC = 0xEB9F

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_MEMBER = struct.Struct("<III")
_ARRAY = struct.Struct("<III")
_ENUM = struct.Struct("<II")
_ENUM64 = struct.Struct("<III")
_PARAM = struct.Struct("<II")
_INT = struct.Struct("<I")
_SECTION_VARIABLE = struct.Struct("<III")


class Kind(IntEnum):
    """``BTF_KIND_*``."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


# Bytes that follow struct btf_type: a fixed part, and one a vlen element.
_FIXED = {Kind.INT: 4, Kind.ARRAY: 12, Kind.VAR: 4, Kind.DECL_TAG: 4}
_PER_ELEMENT = {
    Kind.STRUCT: 12,
    Kind.UNION: 12,
    Kind.ENUM: 8,
    Kind.FUNC_PROTO: 8,
    Kind.DATASEC: 12,
    Kind.ENUM64: 12,
}


@dataclass(frozen=True, slots=True)
class Type:
    """``struct btf_type``; ``size_or_type`` is a size in bytes or a type ID, by kind."""

    kind: Kind
    name: str
    vlen: int
    kind_flag: bool
    size_or_type: int
    extra: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a struct or union; ``bit_size`` is 0 unless it is a bit field."""

    name: str
    type_id: int
    bit_offset: int
    bit_size: int


class TypeIndex(NamedTuple):
    """Offset and name of each type by ID; void (ID 0) is at offset 0.

    :ivar offsets: bytes into the type section
    :ivar names: of each type ``name_off``, a 32-bit word
    """

    offsets: array[int]
    names: bytes


class Btf:
    """A parsed BTF blob. Indexing is one pass over the offsets of types; names and content are
    decoded on demand.

    :ivar asked: the IDs of the types that were decoded
    :ivar index: where its types begin
    :param blob: from the magic to the end of the string section
    :param index: of this very blob, None to make it
    :raises TargetError: if the blob's header contradicts its size
    """

    def __init__(self, blob: bytes, index: TypeIndex | None = None) -> None:
        if len(blob) < _HEADER.size:
            raise TargetError("BTF: shorter than its own header")
        magic, version, _flags, header_size, type_off, type_len, str_off, str_len = (
            _HEADER.unpack_from(blob)
        )
        if magic != BTF_MAGIC or version != 1:
            raise TargetError(f"BTF: magic {magic:#x} version {version}, not {BTF_MAGIC:#x} 1")
        types_end = header_size + type_off + type_len
        strings = header_size + str_off
        if types_end > len(blob) or strings + str_len > len(blob):
            raise TargetError(f"BTF: its sections end after its {len(blob)} bytes")
        if type_len % 4:
            raise TargetError(f"BTF: {type_len} bytes of types are not a whole number of words")
        self._types = blob[header_size + type_off : types_end]
        self._strings = blob[strings : strings + str_len]
        self.asked: set[int] = set()
        self.index = index or type_index(memoryview(self._types).cast("I"))
        self._offsets, self._names = self.index
        self._ids: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        """Number of types, counting void (ID 0)."""
        return len(self._offsets)

    def string(self, offset: int) -> str:
        """The string at ``offset`` of the string section.

        :raises TargetError: if there is none
        """
        end = self._strings.find(b"\0", offset)
        if end < 0:
            raise TargetError(f"BTF: no string at offset {offset}")
        return self._strings[offset:end].decode("utf-8", "replace")

    def type(self, type_id: int) -> Type:
        """Decode one type, and remember that it was asked for.

        :raises TargetError: if ``type_id`` is not that of a type
        """
        self.asked.add(type_id)
        return self.record(type_id)

    def record(self, type_id: int) -> Type:
        """Decode one type.

        :raises TargetError: if ``type_id`` is not that of a type
        """
        if type_id == 0:
            return Type(Kind.VOID, "", 0, False, 0, 0)
        offset = self._offset(type_id)
        name_off, info, size_or_type = _TYPE.unpack_from(self._types, offset)
        return Type(
            Kind(info >> 24 & 0x1F),
            self.string(name_off) if name_off else "",
            info & 0xFFFF,
            bool(info >> 31),
            size_or_type,
            offset + 12,
        )

    def _offset(self, type_id: int) -> int:
        if not 0 < type_id < len(self._offsets):
            raise TargetError(f"BTF: no type {type_id} among {len(self._offsets)}")
        return self._offsets[type_id]

    def ids(self, name: str, *kinds: Kind) -> Iterator[int]:
        """IDs of the types of one of ``kinds`` called ``name``, in BTF's order."""
        if name not in self._ids:
            self._ids[name] = tuple(self._named(name))
        for type_id in self._ids[name]:
            info = _TYPE.unpack_from(self._types, self._offsets[type_id])[1]
            if info >> 24 & 0x1F in kinds:
                yield type_id

    def _named(self, name: str) -> Iterator[int]:
        for name_off in self._string_offsets(name):
            for at in _places(self._names, name_off):
                yield at // 4

    def _string_offsets(self, name: str) -> Iterator[int]:
        # BTF is deduplicated, but nothing promises it: try every occurrence.
        needle = b"\0" + name.encode() + b"\0"
        at = self._strings.find(needle)
        while name and at >= 0:
            yield at + 1
            at = self._strings.find(needle, at + 1)

    def int_encoding(self, record: Type) -> int:
        """``BTF_INT_ENCODING``: 1 signed, 2 char, 4 bool."""
        return int(_INT.unpack_from(self._types, record.extra)[0]) >> 24 & 0xF

    def array(self, record: Type) -> tuple[int, int]:
        """Element type ID and number of elements."""
        element, _index, length = self.array_record(record)
        return element, length

    def array_record(self, record: Type) -> tuple[int, int, int]:
        """Element type ID, index type ID and number of elements: ``struct btf_array``."""
        element, index, length = _ARRAY.unpack_from(self._types, record.extra)
        return element, index, length

    def extra(self, record: Type) -> bytes:
        """The bytes behind a type's ``struct btf_type``."""
        size = _FIXED.get(record.kind, 0) + _PER_ELEMENT.get(record.kind, 0) * record.vlen
        return self._types[record.extra : record.extra + size]

    def members(self, record: Type) -> Iterator[Member]:
        """Members of a struct or union, in order."""
        for i in range(record.vlen):
            name_off, type_id, where = _MEMBER.unpack_from(self._types, record.extra + 12 * i)
            # With kind_flag the size of a bit field shares the word, btf.h.
            bits = where >> 24 if record.kind_flag else 0
            offset = where & 0xFFFFFF if record.kind_flag else where
            yield Member(self.string(name_off), type_id, offset, bits)

    def enumerators(self, record: Type) -> Iterator[tuple[str, int]]:
        """Names and values of an enum or enum64."""
        for name_off, value in self._raw_enumerators(record):
            yield self.string(name_off), value

    def _raw_enumerators(self, record: Type) -> Iterator[tuple[int, int]]:
        for i in range(record.vlen):
            if record.kind is Kind.ENUM64:
                name_off, low, high = _ENUM64.unpack_from(self._types, record.extra + 12 * i)
                value, bits = high << 32 | low, 64
            else:
                name_off, value = _ENUM.unpack_from(self._types, record.extra + 8 * i)
                bits = 32
            if record.kind_flag and value >> (bits - 1):
                value -= 1 << bits
            yield name_off, value

    def parameters(self, record: Type) -> Iterator[tuple[str, int]]:
        """Names and type IDs of a FUNC_PROTO; type 0 at the end means variadic."""
        for i in range(record.vlen):
            name_off, type_id = _PARAM.unpack_from(self._types, record.extra + 8 * i)
            yield self.string(name_off), type_id

    def enumerator(self, name: str) -> tuple[int, int] | None:
        """Type ID and value of the enumerator called ``name``, the first there is."""
        for name_off in self._string_offsets(name):
            for at in _places(self._types, name_off):
                # A member's name, or anything else, unless it is where an enum's would be.
                record = self.record(type_id := bisect_right(self._offsets, at) - 1)
                if record.kind in (Kind.ENUM, Kind.ENUM64) and at >= record.extra:
                    for its_name, value in self._raw_enumerators(record):
                        if its_name == name_off:
                            return type_id, value
        return None


def type_index(words: memoryview) -> TypeIndex:
    """:raises TargetError: if a type is of no known kind, or runs past the end"""
    fixed = [3 + _FIXED.get(kind, 0) // 4 for kind in Kind]
    elements = [_PER_ELEMENT.get(kind, 0) // 4 for kind in Kind]
    offsets, at, kinds = [0], 0, len(fixed)
    while at < len(words) - 2:  # struct btf_type has three words
        offsets.append(4 * at)
        info = words[at + 1]
        kind = info >> 24 & 0x1F
        if kind >= kinds:
            raise TargetError(f"BTF: type {len(offsets) - 1} has the unknown kind {kind}")
        at += fixed[kind] + elements[kind] * (info & 0xFFFF)
    if at != len(words):
        raise TargetError(f"BTF: type {len(offsets) - 1} runs past the type section")
    names = array("I", [0, *(words[at // 4] for at in offsets[1:])])
    return TypeIndex(array("I", offsets), names.tobytes())


def _places(words: bytes, word: int) -> Iterator[int]:
    """Byte offsets of the words of ``words`` that are ``word``, ascending."""
    needle = word.to_bytes(4, "little")
    at = words.find(needle)
    while at >= 0:
        if at % 4 == 0:
            yield at
        at = words.find(needle, at + 1)
