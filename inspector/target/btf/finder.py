# SPDX-License-Identifier: LGPL-2.1-or-later
"""BTF as a drgn type finder and object finder."""

from __future__ import annotations

from collections.abc import Callable

from drgn import FindObjectFlags, Object, Program, Type, TypeKind, TypeKindSet

from inspector.target.btf.convert import Converter
from inspector.target.btf.records import Btf, Kind
from inspector.target.globals import GLOBALS

_NAME = "inspector-btf"

_KINDS: dict[TypeKind, tuple[Kind, ...]] = {
    TypeKind.STRUCT: (Kind.STRUCT,),
    TypeKind.UNION: (Kind.UNION,),
    TypeKind.ENUM: (Kind.ENUM, Kind.ENUM64),
    TypeKind.TYPEDEF: (Kind.TYPEDEF,),
    TypeKind.INT: (Kind.INT,),
    TypeKind.BOOL: (Kind.INT,),
    TypeKind.FLOAT: (Kind.FLOAT,),
}


class BtfFinder:
    """Answers drgn's questions for types, constants, variables and functions.

    BTF has no global variables but per-CPU ones; :mod:`inspector.target.globals`
    declares the types of those that drgn and this package ask for.

    :param address_of: a kallsyms look-up, None for a symbol that does not exist
    """

    def __init__(self, prog: Program, btf: Btf, address_of: Callable[[str], int | None]) -> None:
        self._prog = prog
        self._btf = btf
        self._converter = Converter(prog, btf)
        self._address_of = address_of

    def find_type(
        self, _prog: Program, kinds: TypeKindSet, name: str, filename: str | None
    ) -> Type | None:
        if filename is not None:
            return None
        for kind, records in _KINDS.items():
            if kind in kinds:
                for type_id in self._btf.ids(name, *records):
                    found = self._converter.type(type_id)
                    if found.kind is kind:
                        return found
        return None

    def find_object(
        self, _prog: Program, name: str, flags: FindObjectFlags, filename: str | None
    ) -> Object | None:
        if filename is not None:
            return None
        found = None
        if flags & FindObjectFlags.CONSTANT:
            found = self._constant(name)
        if found is None and flags & FindObjectFlags.FUNCTION:
            found = self._function(name)
        if found is None and flags & FindObjectFlags.VARIABLE:
            found = self._variable(name)
        return found

    def _constant(self, name: str) -> Object | None:
        found = self._btf.enumerator(name)
        if found is None:
            return None
        type_id, value = found
        return Object(self._prog, self._converter.type(type_id), value=value)

    def _function(self, name: str) -> Object | None:
        for type_id in self._btf.ids(name, Kind.FUNC):
            address = self._address_of(name)
            if address is not None:
                prototype = self._converter.type(self._btf.type(type_id).size_or_type)
                return Object(self._prog, prototype, address=address)
        return None

    def _variable(self, name: str) -> Object | None:
        address = self._address_of(name)
        if address is None:
            return None
        for type_id in self._btf.ids(name, Kind.VAR):
            declared = self._converter.type(self._btf.type(type_id).size_or_type)
            return Object(self._prog, declared, address=address)
        if name in GLOBALS:
            return Object(self._prog, self._prog.type(GLOBALS[name]), address=address)
        return None


def register_btf(prog: Program, btf: Btf, address_of: Callable[[str], int | None]) -> None:
    """Make ``btf`` the program's source of types, constants and known globals."""
    finder = BtfFinder(prog, btf, address_of)
    prog.register_type_finder(_NAME, finder.find_type, enable_index=-1)
    prog.register_object_finder(_NAME, finder.find_object, enable_index=-1)
