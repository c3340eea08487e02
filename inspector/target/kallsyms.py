# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's symbol table: from /proc/kallsyms, VMCOREINFO, or a search of memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import drgn
from drgn import FindObjectFlags, Object, Program, ProgramFlags

from inspector.errors import TargetError
from inspector.facts.addresses import PAGE_SIZE
from inspector.formats.memory import image_symbols, read_with_holes
from inspector.target.dump_memory import kept
from inspector.target.faults import opening, reader
from inspector.target.symbols import SymbolLookUp, decoded, encoded

if TYPE_CHECKING:
    from inspector.formats.kallsyms import KallsymsTables
    from inspector.target.dump_memory import DumpMemory

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

_MAGIC = b"inspector-symbols-1\n"
_RELATIVE = tuple(name for name in _TABLES if name not in ("kallsyms_addresses", "_stext"))
_MOST_TABLES = 32 << 20  # bytes; 7.2 has 5 MB
_MISSING = b"\xff" * PAGE_SIZE


def vmlinux_kallsyms(
    prog: Program,
    info: Mapping[str, str],
    name: str,
    tables: KallsymsTables | None,
    memory: DumpMemory | None = None,
) -> SymbolLookUp:
    """The symbols of vmlinux.

    From ``/proc/kallsyms`` if ``prog`` is the running kernel; else from its tables in memory,
    which are searched for where VMCOREINFO does not name them.

    :param info: VMCOREINFO
    :param name: of the target, for errors
    :param tables: what :func:`find_tables` found, if it was asked before
    :param memory: of ``prog``, where all of the tables is read at once, to look for them in a cache
    :raises TargetError: in one line, that says what to give
    """
    if _has_proc_kallsyms(prog) or _NAMED in info:
        with opening(f"{name}: the kernel's symbol table"):
            if _has_proc_kallsyms(prog):
                return _of_running(prog)
            return symbols_by_drgn(prog, info) if memory is None else _cached(prog, info, memory)
    tables = tables or find_tables(prog, info)
    if tables is None:
        raise TargetError(
            f"{name}: VMCOREINFO does not say where the kernel's symbol table is, and it was not"
            " found in memory; give the System.map of this kernel with --system-map"
        )
    with opening(f"{name}: the kernel's symbol table"):
        return load_tables(prog, info, tables)


def find_tables(prog: Program, info: Mapping[str, str]) -> KallsymsTables | None:
    """Search the kernel image for kallsyms.

    None if it was not found, or if VMCOREINFO names it anyway.
    """
    if _NAMED in info:
        return None
    from inspector.formats.kallsyms import find_kallsyms  # no kernel since 6.0 needs it

    with opening("the kernel image"):
        return find_kallsyms(reader(prog), image_symbols(info))


def completed_vmcoreinfo(text: bytes, tables: KallsymsTables) -> bytes:
    """VMCOREINFO ``text`` with the lines that name ``tables``, as kernels since 6.0 write it."""
    lines = (f"SYMBOL({name})={address:x}\n" for name, address in tables.vmcoreinfo().items())
    return text.rstrip(b"\n") + b"\n" + "".join(lines).encode()


def load_tables(prog: Program, info: Mapping[str, str], tables: KallsymsTables) -> SymbolLookUp:
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
    return symbols_by_drgn(only_tables, {**info, **named})


def _cached(prog: Program, info: Mapping[str, str], memory: DumpMemory) -> SymbolLookUp:
    """The symbols from the cache, or built from these tables and cached."""
    file = kept(info.get("BUILD-ID"), "symbols", _MAGIC)
    source = tables_in(info, memory) if file is not None else None
    if file is None or source is None:
        return symbols_by_drgn(prog, info)
    payload = file.load(source.layout, source.data)
    if payload is not None:
        return decoded(payload, source.base)
    index = symbols_by_drgn(prog, info)
    payload = encoded(index(prog, None, None, False), source.base)
    file.save(payload, source.layout, source.data)
    return index


class _Source(NamedTuple):
    """What symbols are made of, but for the drgn that does it.

    :ivar base: ``kallsyms_relative_base``, all that changes with where the kernel was loaded
    :ivar layout: how the tables lie
    :ivar data: what is in them
    """

    base: int
    layout: bytes
    data: bytes


def tables_in(info: Mapping[str, str], memory: DumpMemory) -> _Source | None:
    """None where addresses are not relative, or the tables lie as those of no kernel do."""
    try:
        at = {name: int(info[f"SYMBOL({name})"], 16) for name in _RELATIVE}
    except (KeyError, ValueError):
        return None
    base_at, low = at["kallsyms_relative_base"], min(at.values())
    words = memory.read(at["kallsyms_num_syms"], 4), memory.read(base_at, 8)
    count, base = (int.from_bytes(word or b"", "little") for word in words)
    sizes = {
        "kallsyms_offsets": 4 * count,
        "kallsyms_token_index": 512,
        "kallsyms_relative_base": 8,
    }
    high = max(at[name] + size for name, size in sizes.items())
    ordered = at["kallsyms_names"] < at["kallsyms_token_table"] < high
    if not (count and base and ordered and high - low <= _MOST_TABLES):
        return None
    first = low // PAGE_SIZE * PAGE_SIZE
    pages = (memory.read(page, PAGE_SIZE) or _MISSING for page in range(first, high, PAGE_SIZE))
    data = bytearray(b"".join(pages)[low - first : high - first])
    data[base_at - low : base_at - low + 8] = bytes(8)
    layout = " ".join(f"{name}={address - low:x}" for name, address in sorted(at.items()))
    return _Source(base, f"drgn {drgn.__version__} {layout}".encode(), bytes(data))


def symbols_by_drgn(prog: Program, info: Mapping[str, str]) -> SymbolLookUp:
    """As ``load_vmlinux_kallsyms()`` does it, with what that calls if it is as it is today.

    To import it is to import all of drgn's helpers, which takes a fifth of the time to a first
    frame.
    """
    try:
        from _drgn import (  # type: ignore[import-not-found]
            _linux_helper_load_builtin_kallsyms as load,
        )

        index: SymbolLookUp = load(prog, *(int(info.get(f"SYMBOL({t})", "0"), 16) for t in _TABLES))
    except (ImportError, TypeError):
        return _of_running(prog)
    return index


def _of_running(prog: Program) -> SymbolLookUp:
    from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms

    index: SymbolLookUp = load_vmlinux_kallsyms(prog)
    return index


def _has_proc_kallsyms(prog: Program) -> bool:
    return prog.flags & _LOCAL == _LOCAL and os.geteuid() == 0
