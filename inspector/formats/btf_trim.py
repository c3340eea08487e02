# SPDX-License-Identifier: LGPL-2.1-or-later
"""BTF reduced to the types that were asked for, and the types these need. Pure.

A type that was never asked for keeps what the others need of it: its size where it is a member,
its name where it is pointed to. It cannot be found by its name any more, so that nobody takes
a member that was left out for one that the kernel does not have.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from enum import IntEnum

from inspector.formats.btf import BTF_MAGIC, Btf, Kind, Type

_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")
_WORD = struct.Struct("<I")
_THREE = struct.Struct("<III")
_TWO = struct.Struct("<II")
_KIND_SHIFT, _KIND_FLAG = 24, 1 << 31

_REFERENCES = frozenset(
    {Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG, Kind.FUNC, Kind.VAR}
)
_SIZED = frozenset({Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64})
_COMPOUND = frozenset({Kind.STRUCT, Kind.UNION})


class _Form(IntEnum):
    """How much of a type is kept."""

    NAME = 0  # it is only pointed to
    SIZE = 1  # it is a member
    WHOLE = 2


def trimmed(btf: Btf, asked: Collection[int]) -> bytes:
    """A blob with the types of the IDs in ``asked``.

    :raises TargetError: if the BTF contradicts itself
    """
    forms = _forms(btf, asked)
    return _Writer(btf, forms).blob()


def _forms(btf: Btf, asked: Collection[int]) -> dict[int, _Form]:
    forms: dict[int, _Form] = {}
    wanted = [(type_id, _Form.WHOLE) for type_id in asked]
    while wanted:
        type_id, form = wanted.pop()
        if not type_id or forms.get(type_id, -1) >= form:
            continue
        forms[type_id] = form
        wanted += _parts(btf, type_id, form)
    return forms


def _parts(btf: Btf, type_id: int, form: _Form) -> Iterator[tuple[int, _Form]]:
    """What a type of that form refers to."""
    record = btf.record(type_id)
    if record.kind is Kind.PTR:
        yield record.size_or_type, _Form.NAME
    elif record.kind in _REFERENCES:
        yield record.size_or_type, min(form, _Form.SIZE)
    elif record.kind is Kind.ARRAY:
        element, index, _length = btf.array_record(record)
        yield element, min(form, _Form.SIZE)
        yield index, _Form.SIZE
    elif form is _Form.WHOLE and record.kind in _COMPOUND:
        yield from ((member.type_id, _Form.SIZE) for member in btf.members(record))
    elif form is _Form.WHOLE and record.kind is Kind.FUNC_PROTO:
        yield record.size_or_type, _Form.SIZE
        yield from ((parameter, _Form.SIZE) for _name, parameter in btf.parameters(record))


class _Writer:
    """Writes types in their old order under new IDs."""

    def __init__(self, btf: Btf, forms: dict[int, _Form]) -> None:
        self._btf = btf
        self._forms = forms
        kept = [i for i in sorted(forms) if not self._vanishes(i)]
        self._new = {old: new for new, old in enumerate(kept, start=1)}
        self._strings = bytearray(1)
        self._offsets = {"": 0}

    def blob(self) -> bytes:
        types = b"".join(self._type(old) for old in self._new)
        return (
            _HEADER.pack(
                BTF_MAGIC, 1, 0, _HEADER.size, 0, len(types), len(types), len(self._strings)
            )
            + types
            + self._strings
        )

    def _vanishes(self, old: int) -> bool:
        """A prototype that nobody asked for: a pointer to it becomes one to void."""
        record = self._btf.record(old)
        return record.kind is Kind.FUNC_PROTO and self._forms[old] is not _Form.WHOLE

    def _id(self, old: int) -> int:
        return self._new.get(old, 0)

    def _name(self, text: str) -> int:
        if text not in self._offsets:
            self._offsets[text] = len(self._strings)
            self._strings += text.encode() + b"\0"
        return self._offsets[text]

    def _type(self, old: int) -> bytes:
        record, form = self._btf.record(old), self._forms[old]
        if record.kind in _COMPOUND and form is _Form.NAME and record.name:
            flag = record.kind is Kind.UNION
            return self._head(Kind.FWD, record.name, 0, flag, 0)
        if record.kind in _SIZED and form is not _Form.WHOLE:
            return self._head(record.kind, "", 0, record.kind_flag, record.size_or_type)
        if record.kind in _REFERENCES or record.kind in (Kind.PTR, Kind.FUNC_PROTO):
            refers = self._id(record.size_or_type)
        else:
            refers = record.size_or_type
        head = self._head(record.kind, record.name, record.vlen, record.kind_flag, refers)
        return head + self._extra(record)

    def _head(self, kind: Kind, name: str, vlen: int, flag: bool, size_or_type: int) -> bytes:
        info = vlen | kind << _KIND_SHIFT | (_KIND_FLAG if flag else 0)
        return _TYPE.pack(self._name(name), info, size_or_type)

    def _extra(self, record: Type) -> bytes:
        raw = self._btf.extra(record)
        if record.kind in _COMPOUND:
            return b"".join(
                _THREE.pack(self._name(self._btf.string(name)), self._id(member), where)
                for name, member, where in _THREE.iter_unpack(raw)
            )
        if record.kind is Kind.ARRAY:
            element, index, length = _THREE.unpack(raw)
            return _THREE.pack(self._id(element), self._id(index), length)
        if record.kind is Kind.ENUM:
            return b"".join(
                _TWO.pack(self._name(self._btf.string(name)), value)
                for name, value in _TWO.iter_unpack(raw)
            )
        if record.kind is Kind.ENUM64:
            return b"".join(
                _THREE.pack(self._name(self._btf.string(name)), low, high)
                for name, low, high in _THREE.iter_unpack(raw)
            )
        if record.kind is Kind.FUNC_PROTO:
            return b"".join(
                _TWO.pack(self._name(self._btf.string(name)), self._id(parameter))
                for name, parameter in _TWO.iter_unpack(raw)
            )
        return raw
