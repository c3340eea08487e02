# SPDX-License-Identifier: LGPL-2.1-or-later
"""BTF records as drgn types, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from drgn import (
    Object,
    Program,
    Qualifiers,
    Type,
    TypeEnumerator,
    TypeMember,
    TypeParameter,
)

from inspector.errors import TargetError
from inspector.target.btf import records
from inspector.target.btf.records import Btf, Kind

# Chains of pointers, arrays, qualifiers and typedefs are converted eagerly. Real
# ones are under ten links; a chain this long is a loop made by an enemy.
_MAX_CHAIN = 64

_INT_SIGNED, _INT_BOOL = 1, 4

_QUALIFIERS = {
    Kind.CONST: Qualifiers.CONST,
    Kind.VOLATILE: Qualifiers.VOLATILE,
    Kind.RESTRICT: Qualifiers.RESTRICT,
}


class Converter:
    """Turns type IDs into drgn types; a struct's members stay lazy."""

    def __init__(self, prog: Program, btf: Btf) -> None:
        self._prog = prog
        self._btf = btf
        self._done: dict[int, Type] = {}
        self._depth = 0

    def type(self, type_id: int) -> Type:
        """The drgn type for ``type_id``.

        :raises TargetError: if the BTF contradicts itself
        """
        done = self._done.get(type_id)
        if done is None:
            if self._depth >= _MAX_CHAIN:
                raise TargetError(f"BTF: type {type_id} refers to itself")
            self._depth += 1
            try:
                done = self._done[type_id] = self._convert(type_id)
            finally:
                self._depth -= 1
        return done

    def _convert(self, type_id: int) -> Type:
        record = self._btf.type(type_id)
        if record.kind in _QUALIFIERS:
            target = self.type(record.size_or_type)
            return target.qualified(target.qualifiers | _QUALIFIERS[record.kind])
        if record.kind is Kind.TYPE_TAG:
            return self.type(record.size_or_type)
        try:
            convert = _CONVERTERS[record.kind]
        except KeyError:
            raise TargetError(f"BTF: {record.kind.name} {type_id} is not a type") from None
        try:
            return convert(self, record)
        except (ValueError, TypeError, OverflowError) as error:  # drgn's, of a size or a kind
            raise TargetError(f"BTF: {record.kind.name} {type_id}: {error}") from None

    def _void(self, _record: records.Type) -> Type:
        return self._prog.void_type()

    def _int(self, record: records.Type) -> Type:
        encoding = self._btf.int_encoding(record)
        if encoding & _INT_BOOL:
            return self._prog.bool_type(record.name, record.size_or_type)
        return self._prog.int_type(record.name, record.size_or_type, bool(encoding & _INT_SIGNED))

    def _float(self, record: records.Type) -> Type:
        return self._prog.float_type(record.name, record.size_or_type)

    def _pointer(self, record: records.Type) -> Type:
        return self._prog.pointer_type(self.type(record.size_or_type))

    def _array(self, record: records.Type) -> Type:
        element, length = self._btf.array(record)
        # BTF does not tell T[] from T[0]; the kernel means T[].
        return self._prog.array_type(self.type(element), length or None)

    def _compound(self, record: records.Type) -> Type:
        members = [self._member(member) for member in self._btf.members(record)]
        make = self._prog.struct_type if record.kind is Kind.STRUCT else self._prog.union_type
        return make(record.name or None, record.size_or_type, members)

    def _member(self, member: records.Member) -> TypeMember:
        def lazily() -> Type | Object:
            kind = self.type(member.type_id)
            if member.bit_size:
                return Object(self._prog, kind, bit_field_size=member.bit_size)
            return kind

        return TypeMember(lazily, member.name or None, member.bit_offset)

    def _enum(self, record: records.Type) -> Type:
        of_size = _INT_OF_SIZE.get(record.size_or_type)
        if of_size is None:
            raise TargetError(f"BTF: an enum of {record.size_or_type} bytes")
        name = of_size if record.kind_flag else f"unsigned {of_size}"
        compatible = self._prog.int_type(name, record.size_or_type, record.kind_flag)
        values = [TypeEnumerator(*pair) for pair in self._btf.enumerators(record)]
        return self._prog.enum_type(record.name or None, compatible, values)

    def _forward(self, record: records.Type) -> Type:
        kind = Kind.UNION if record.kind_flag else Kind.STRUCT
        for whole in self._btf.ids(record.name, kind):
            return self.type(whole)
        make = self._prog.union_type if record.kind_flag else self._prog.struct_type
        return make(record.name, None, None)

    def _typedef(self, record: records.Type) -> Type:
        return self._prog.typedef_type(record.name, self.type(record.size_or_type))

    def _function(self, record: records.Type) -> Type:
        parameters = list(self._btf.parameters(record))
        variadic = bool(parameters) and parameters[-1][1] == 0
        return self._prog.function_type(
            self.type(record.size_or_type),
            [
                TypeParameter(partial(self.type, type_id), name or None)
                for name, type_id in parameters[: len(parameters) - variadic]
            ],
            variadic,
        )


_INT_OF_SIZE = {1: "char", 2: "short", 4: "int", 8: "long"}

_CONVERTERS: dict[Kind, Callable[[Converter, records.Type], Type]] = {
    Kind.VOID: Converter._void,
    Kind.INT: Converter._int,
    Kind.FLOAT: Converter._float,
    Kind.PTR: Converter._pointer,
    Kind.ARRAY: Converter._array,
    Kind.STRUCT: Converter._compound,
    Kind.UNION: Converter._compound,
    Kind.ENUM: Converter._enum,
    Kind.ENUM64: Converter._enum,
    Kind.FWD: Converter._forward,
    Kind.TYPEDEF: Converter._typedef,
    Kind.FUNC_PROTO: Converter._function,
}
