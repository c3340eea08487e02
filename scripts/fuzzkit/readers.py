# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each reader as a function of bytes: it may refuse them with an error of ours, and no other."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path

from drgn import Architecture, Platform, PlatformFlags, Program

from fuzzkit import seeds
from inspector.distill.write import without
from inspector.errors import InspectorError, Unreadable
from inspector.formats.btf import Btf, Kind
from inspector.formats.btf_trim import trimmed
from inspector.formats.kallsyms import KallsymsTables, find_kallsyms
from inspector.formats.kdump import KdumpPages, check_whole
from inspector.formats.memory import PageTables
from inspector.formats.notes import kept_note, pack, parse_kept, unpack
from inspector.formats.records import parse_saved
from inspector.formats.ring import decode_header, decode_ring, record_places
from inspector.formats.sniff import look_at_elf, sniff
from inspector.formats.system_map import system_map
from inspector.formats.x86 import decode, operands
from inspector.logs.read import LogReading
from inspector.model.distillate import SensitiveKind
from inspector.render.json_report import oops_json_foot, oops_json_reports
from inspector.target.types import Converter

_FRAMES = 64
_KERNEL_MAP = 0xFFFF_FFFF_8000_0000  # __START_KERNEL_map
_TYPES = 64  # of a blob: enough to meet what refers to itself
_PAGE = 4096
_STEXT = 0xFFFF_FFFF_8100_0000


def btf(data: bytes) -> None:
    types = Btf(data)
    converter = Converter(Program(Platform(Architecture.X86_64, PlatformFlags(3))), types)
    list(types.ids("task_struct", Kind.STRUCT))
    types.enumerator("PIDTYPE_PID")
    for type_id in range(min(_TYPES, len(types))):
        try:
            converter.type(type_id)
        except InspectorError:
            continue
    trimmed(types, range(min(_TYPES, len(types))))


def ring(data: bytes) -> None:
    header = decode_header(data)
    content = data[header.layout.header_size :]
    list(islice(record_places(header, content), 1 << 16))
    decode_ring(header, content)


def records(data: bytes) -> None:
    parse_saved(data)


def notes(data: bytes) -> bytes:
    found = tuple(unpack(data))
    return pack(tuple(without(note, frozenset(SensitiveKind)) for note in found))


def dump(data: bytes) -> None:
    path = _file(data)
    if sniff(path) == "kdump":
        check_whole(path)
        pages = KdumpPages(path)
        for frame in range(_FRAMES):
            pages.page(frame)


def elf(data: bytes) -> None:
    path = _file(data)
    if sniff(path) == "elf":
        look_at_elf(path)


def first_bytes(data: bytes) -> str:
    return sniff(_file(data))


def linked(data: bytes) -> None:
    list(system_map(_file(data), {"SYMBOL(_stext)": f"{_STEXT:x}", "KERNELOFFSET": "0"}))


def page_tables(data: bytes) -> int:
    """Physical memory of these bytes; the kernel's image begins with the top-level table."""

    def read(address: int, size: int) -> bytes:
        if address + size > len(data):
            raise Unreadable(address, size, "missing")
        return data[address : address + size]

    info = {"SYMBOL(swapper_pg_dir)": f"{_KERNEL_MAP:x}", "NUMBER(phys_base)": "0"}
    tables, found = PageTables(info, read), 0
    for page in (*range(_FRAMES), _KERNEL_MAP >> 12, (1 << 52) - 1, 1 << 40):
        try:
            found += bool(tables.frame(page))
        except Unreadable:
            continue
    return found


def instructions(data: bytes) -> int:
    for bits in (64, 32):
        decode(data[:_PAGE], _STEXT, bits)
    found = operands(data, _STEXT)
    return 0 if found is None else len(found.code)


def kallsyms(data: bytes) -> KallsymsTables | None:
    memory = data + bytes(-len(data) % _PAGE)

    def read(address: int, size: int) -> bytes:
        if not _STEXT <= address <= address + size <= _STEXT + len(memory):
            raise Unreadable(address, size, "missing")
        return memory[address - _STEXT : address - _STEXT + size]

    return find_kallsyms(read, {"_stext": _STEXT, "prb": _STEXT + len(memory)})


@dataclass(frozen=True, slots=True)
class Reader:
    """:ivar seed: real input"""

    read: Callable[[bytes], object]
    seed: Callable[[], bytes]


def kept(data: bytes) -> bytes:
    found = parse_kept(data)
    for low in (0, 1, _PAGE, 1 << 40):
        assert found.has(low, low + _PAGE) is (found.first_missing(low, low + _PAGE) is None)
    return data


def log_text(data: bytes) -> None:
    reading = LogReading(BytesIO(data))
    for part in oops_json_reports(reading.reports()):
        assert part
    json.loads("{" + oops_json_foot(reading.release, reading.notes))


def _kept_seed() -> bytes:
    return kept_note(((0, 8), (_PAGE, 2 * _PAGE), (1 << 40, (1 << 40) + 24))).descriptor


def _map_seed() -> bytes:
    return b"ffffffff81000000 T _stext\nffffffff81000010 t f\nffffffff82000000 D prb\n"


def _tables_seed() -> bytes:
    """Four levels whose first entries each lead to the table behind, and a page of 2 MB."""
    tables = [(level << 12 | 1).to_bytes(8, "little") for level in (1, 2)]
    tables.append((0x20_0000 | 0x81).to_bytes(8, "little"))
    return b"".join(entry.ljust(_PAGE, b"\0") for entry in tables)


def _code_seed() -> bytes:
    return bytes.fromhex("488b4718 660f1f840000000000 f0480fb111 0f0b e800000000 c3")


def _kallsyms_seed() -> bytes:
    return seeds.kallsyms(_STEXT)


READERS: dict[str, Reader] = {
    "btf": Reader(btf, seeds.btf),
    "ring": Reader(ring, seeds.ring),
    "records": Reader(records, seeds.records),
    "notes": Reader(notes, seeds.notes),
    "dump": Reader(dump, seeds.dump_tables),
    "elf": Reader(elf, seeds.elf_head),
    "sniff": Reader(first_bytes, seeds.elf_head),
    "system-map": Reader(linked, _map_seed),
    "page-tables": Reader(page_tables, _tables_seed),
    "instructions": Reader(instructions, _code_seed),
    "kallsyms": Reader(kallsyms, _kallsyms_seed),
    "kept-map": Reader(kept, _kept_seed),
    "log-text": Reader(log_text, seeds.log_text),
}


def refused(reader: Reader, data: bytes) -> str | None:
    """The error with which it refused ``data``, None where it took it."""
    try:
        reader.read(data)
    except InspectorError as error:
        return str(error)
    return None


_scratch = tempfile.TemporaryDirectory(prefix="fuzz-")


def _file(data: bytes) -> Path:
    path = Path(_scratch.name) / "input"
    path.write_bytes(data)
    return path
