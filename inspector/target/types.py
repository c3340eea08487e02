# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's own BTF as drgn types, made when they are asked for."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import partial

from drgn import (
    FindObjectFlags,
    Object,
    Program,
    Qualifiers,
    Type,
    TypeEnumerator,
    TypeKind,
    TypeKindSet,
    TypeMember,
    TypeParameter,
)

from inspector.errors import TargetError
from inspector.formats import btf
from inspector.formats.btf import Btf, Kind, TypeIndex
from inspector.target.dump_memory import kept

# Types of the kernel's global variables, which BTF leaves out.
#
# Only what drgn's helpers and this package ask for. A type that differs between
# kernels is spelled so that every kernel's BTF gives it the right meaning.

GLOBALS: dict[str, str] = {
    "crash_notes": "note_buf_t *",  # kernel/kexec_core.c, per-CPU memory
    "ftrace_ops_list": "struct ftrace_ops *",  # kernel/trace/ftrace.c
    "init_pid_ns": "struct pid_namespace",
    "init_task": "struct task_struct",
    "init_uts_ns": "struct uts_namespace",
    "kprobe_ftrace_ops": "struct ftrace_ops",  # arch/x86/kernel/kprobes/core.c
    "kprobe_ipmodify_ops": "struct ftrace_ops",
    "kprobe_table": "struct hlist_head [64]",  # kernel/kprobes.c, KPROBE_TABLE_SIZE
    "modules": "struct list_head",  # kernel/module/main.c
    "nr_cpu_ids": "unsigned int",
    "panic_cpu": "atomic_t",
    "prb": "struct printk_ringbuffer *",
    "runqueues": "struct rq",
    "__cpu_online_mask": "struct cpumask",
    "__cpu_possible_mask": "struct cpumask",
    "__cpu_present_mask": "struct cpumask",
    "__per_cpu_offset": "unsigned long [8192]",
}


# BTF records as drgn types, made when they are asked for.

# Chains of pointers, arrays, qualifiers and typedefs are converted eagerly. Real
# ones are under ten links; a chain this long is a loop: malformed or hostile.
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

    def _void(self, _record: btf.Type) -> Type:
        return self._prog.void_type()

    def _int(self, record: btf.Type) -> Type:
        encoding = self._btf.int_encoding(record)
        if encoding & _INT_BOOL:
            return self._prog.bool_type(record.name, record.size_or_type)
        return self._prog.int_type(record.name, record.size_or_type, bool(encoding & _INT_SIGNED))

    def _float(self, record: btf.Type) -> Type:
        return self._prog.float_type(record.name, record.size_or_type)

    def _pointer(self, record: btf.Type) -> Type:
        return self._prog.pointer_type(self.type(record.size_or_type))

    def _array(self, record: btf.Type) -> Type:
        element, length = self._btf.array(record)
        # BTF does not tell T[] from T[0]; the kernel means T[].
        return self._prog.array_type(self.type(element), length or None)

    def _compound(self, record: btf.Type) -> Type:
        members = [self._member(member) for member in self._btf.members(record)]
        make = self._prog.struct_type if record.kind is Kind.STRUCT else self._prog.union_type
        return make(record.name or None, record.size_or_type, members)

    def _member(self, member: btf.Member) -> TypeMember:
        def lazily() -> Type | Object:
            kind = self.type(member.type_id)
            if member.bit_size:
                return Object(self._prog, kind, bit_field_size=member.bit_size)
            return kind

        return TypeMember(lazily, member.name or None, member.bit_offset)

    def _enum(self, record: btf.Type) -> Type:
        of_size = _INT_OF_SIZE.get(record.size_or_type)
        if of_size is None:
            raise TargetError(f"BTF: an enum of {record.size_or_type} bytes")
        name = of_size if record.kind_flag else f"unsigned {of_size}"
        compatible = self._prog.int_type(name, record.size_or_type, record.kind_flag)
        values = [TypeEnumerator(*pair) for pair in self._btf.enumerators(record)]
        return self._prog.enum_type(record.name or None, compatible, values)

    def _forward(self, record: btf.Type) -> Type:
        kind = Kind.UNION if record.kind_flag else Kind.STRUCT
        for whole in self._btf.ids(record.name, kind):
            return self.type(whole)
        make = self._prog.union_type if record.kind_flag else self._prog.struct_type
        return make(record.name, None, None)

    def _typedef(self, record: btf.Type) -> Type:
        return self._prog.typedef_type(record.name, self.type(record.size_or_type))

    def _function(self, record: btf.Type) -> Type:
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

_CONVERTERS: dict[Kind, Callable[[Converter, btf.Type], Type]] = {
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


# BTF as a drgn type finder and object finder.

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

    BTF has no global variables but per-CPU ones; :mod:`inspector.target.types`
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


# Type indexes kept on disk.

_MAGIC = b"inspector-btf-1\n"


def indexed(blob: bytes, build_id: str | None) -> Btf:
    """BTF with its index, from the cache, or built and cached.

    :param build_id: of the kernel that ``blob`` is from, None if unknown
    :raises TargetError: if the blob contradicts itself
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
