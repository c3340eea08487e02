# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's own symbol table, wherever it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from drgn import FindObjectFlags, Object, Program, ProgramFlags, SymbolIndex

from inspector.errors import TargetError
from inspector.target.faults import opening
from inspector.target.kallsyms_memory import image_symbols, read_with_holes, reader

if TYPE_CHECKING:
    from inspector.target.kallsyms_search import KallsymsTables

_LOCAL = ProgramFlags.IS_LIVE | ProgramFlags.IS_LOCAL

_NAMED = "SYMBOL(kallsyms_names)"

_TABLES = (
    "kallsyms_names",
    "kallsyms_token_table",
    "kallsyms_token_index",
    "kallsyms_num_syms",
    "kallsyms_offsets",
    "kallsyms_relative_base",
    "kallsyms_addresses",
    "_stext",
)


def vmlinux_kallsyms(
    prog: Program, info: Mapping[str, str], name: str, tables: KallsymsTables | None
) -> SymbolIndex:
    """The symbols of vmlinux.

    From ``/proc/kallsyms`` if ``prog`` is the running kernel; else from its tables in memory,
    which are searched for where VMCOREINFO does not name them.

    :param info: VMCOREINFO
    :param name: of the target, for errors
    :param tables: what :func:`find_tables` found, if it was asked before
    :raises TargetError: in one line, that says what to give
    """
    if _has_proc_kallsyms(prog) or _NAMED in info:
        with opening(f"{name}: the kernel's symbol table"):
            return _of_running(prog) if _has_proc_kallsyms(prog) else _in_memory(prog, info)
    tables = tables or find_tables(prog, info)
    if tables is None:
        raise TargetError(
            f"{name}: VMCOREINFO does not say where the kernel's symbol table is, and it was not"
            " found in memory; give the System.map of this kernel with --system-map"
        )
    with opening(f"{name}: the kernel's symbol table"):
        return load_tables(prog, info, tables)


def find_tables(prog: Program, info: Mapping[str, str]) -> KallsymsTables | None:
    """Where kallsyms is, by a search of the kernel image.

    None if it was not found, or if VMCOREINFO names it anyway.
    """
    if _NAMED in info:
        return None
    from inspector.target.kallsyms_search import find_kallsyms  # no kernel since 6.0 needs it

    with opening("the kernel image"):
        return find_kallsyms(reader(prog), image_symbols(info))


def completed_vmcoreinfo(text: bytes, tables: KallsymsTables) -> bytes:
    """VMCOREINFO ``text`` with the lines that name ``tables``, as kernels since 6.0 write it."""
    lines = (f"SYMBOL({name})={address:x}\n" for name, address in tables.vmcoreinfo().items())
    return text.rstrip(b"\n") + b"\n" + "".join(lines).encode()


def load_tables(prog: Program, info: Mapping[str, str], tables: KallsymsTables) -> SymbolIndex:
    """The symbols in ``tables``, by drgn's own reader.

    It reads from a program with nothing in memory but the tables: what lies between those that
    it needs may be missing. Its VMCOREINFO is complete, for whoever takes addresses from there.

    :param info: VMCOREINFO of ``prog``
    """
    text = completed_vmcoreinfo(prog["VMCOREINFO"].string_(), tables)
    data = read_with_holes(reader(prog), tables.low, tables.high)

    def read(_address: int, count: int, offset: int, _physical: bool) -> bytes:
        return data[offset : offset + count]

    def find(
        other: Program, name: str, _flags: FindObjectFlags, _file: str | None
    ) -> Object | None:
        if name != "VMCOREINFO":
            return None
        char = other.int_type("char", 1, True)
        return Object(other, other.array_type(char, len(text)), value=text)

    only_tables = Program(prog.platform, vmcoreinfo=text)
    only_tables.add_memory_segment(tables.low, len(data), read)
    only_tables.register_object_finder("inspector-vmcoreinfo", find, enable_index=0)
    named = {f"SYMBOL({name})": f"{at:x}" for name, at in tables.vmcoreinfo().items()}
    return _in_memory(only_tables, {**info, **named})


def _of_running(prog: Program) -> SymbolIndex:
    from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms

    return load_vmlinux_kallsyms(prog)


def _in_memory(prog: Program, info: Mapping[str, str]) -> SymbolIndex:
    """As ``load_vmlinux_kallsyms()`` does it, with what that calls if it is as it is today.

    To import it is to import all of drgn's helpers, which takes a fifth of the time to a first
    frame.
    """
    try:
        from _drgn import (  # type: ignore[import-not-found]
            _linux_helper_load_builtin_kallsyms as load,
        )

        return load(prog, *(int(info.get(f"SYMBOL({name})", "0"), 16) for name in _TABLES))
    except (ImportError, TypeError):
        return _of_running(prog)


def _has_proc_kallsyms(prog: Program) -> bool:
    return prog.flags & _LOCAL == _LOCAL and os.geteuid() == 0
