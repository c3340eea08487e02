# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real input to begin with: pieces of the shipped dump."""

from __future__ import annotations

import json
import struct
from functools import cache
from itertools import accumulate
from pathlib import Path

from inspector.formats.btf_trim import trimmed
from inspector.formats.kdump import tables_of
from inspector.formats.notes import Note, pack
from inspector.formats.records import saved_text
from inspector.formats.ring import HEADER_SYMBOL, START_SIZE, decode_header, header_size
from inspector.queries.records import save
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec

ROOT = Path(__file__).resolve().parent.parent.parent
DUMP = ROOT / "dumps" / "fork-6.1.vmcore"
_DESCRIPTORS = 8 * 4096  # the first ones, behind header, sub-header, notes and bitmaps
_RECORDS = 6


@cache
def source() -> TargetSource:
    with open_target_source(TargetSpec(TargetKind.CORE, str(DUMP))) as opened:
        list(opened.frames(opened.tasks()))
        return opened


def btf() -> bytes:
    """A small one: what was asked of the dump's own."""
    types = source().target.btf
    assert types is not None
    return trimmed(types, types.asked)


def log_text() -> bytes:
    """One log of each kind that a text can be, in one."""
    names = ("prefix-quoted-printable-mail-4.19", "crash-bt-el7", "headline-el5-2.6.18")
    cases = ROOT / "tests" / "logs" / "cases"
    return b"".join((cases / f"{name}.txt").read_bytes() for name in names)


def ring() -> bytes:
    """framefreeze's header, and behind it a ring of its first records."""
    target = source().target
    at = target.symbols.address_of(HEADER_SYMBOL)
    assert at is not None
    head = target.read(at, header_size(target.read(at, START_SIZE)))
    header = decode_header(head)
    shape, count = header.layout.header, min(header.record_count, _RECORDS)
    short = shape.pack(**{**shape.unpack(head), "record_count": count}) + head[shape.size :]
    return short + target.read(header.records, count * header.record_size)


def records() -> bytes:
    """A file of records, its first hit alone."""
    content = json.loads(saved_text(save(source())))
    content["records"] = content["records"][:1]
    return json.dumps(content).encode()


def elf_head() -> bytes:
    """An ELF dump's headers and notes, a section of names too."""
    notes = pack((Note(b"CORE", 1, bytes(336)), Note(b"VMCOREINFO", 0, b"OSRELEASE=6.1")))
    ident = b"\x7fELF\2\1\1" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 120, 0, 64, 56, 1, 64, 1, 0)
    segment = struct.pack("<IIQQQQQQ", 4, 0, 184, 0, 0, len(notes), len(notes), 4)
    section = struct.pack("<IIQQQQIIQQ", 1, 3, 0, 0, 184, len(notes), 0, 0, 1, 0)
    return ident + header + segment + section + notes


def notes() -> bytes:
    """Those of the dump."""
    with DUMP.open("rb") as file:
        tables = tables_of(file)
        file.seek(tables.notes)
        return file.read(tables.notes_size)


def dump_tables() -> bytes:
    """The head of the dump."""
    with DUMP.open("rb") as file:
        return DUMP.read_bytes()[: tables_of(file).descriptors + _DESCRIPTORS]


def kallsyms(stext: int) -> bytes:
    """Kallsyms' tables as ``scripts/kallsyms.c`` lays them out, of so few symbols as it takes.

    :param stext: the address of the first symbol
    """
    names = [b"T_stext", *(b"tf%d" % i for i in range(1, 300))]
    tokens = [bytes([i]) if 32 < i < 127 else b"t%d" % i for i in range(256)]
    starts = list(accumulate((1 + len(name) for name in names), initial=0))[:-1:256]
    token_starts = list(accumulate((len(token) + 1 for token in tokens), initial=0))[:-1]
    tables = (
        struct.pack(f"<{len(names)}i", *range(0, 16 * len(names), 16)),
        struct.pack("<Q", stext),
        struct.pack("<I", len(names)),
        b"".join(bytes([len(name)]) + name for name in names),
        struct.pack(f"<{len(starts)}I", *starts),
        b"\0".join(tokens) + b"\0",
        struct.pack("<256H", *token_starts),
    )
    return b"".join(table + bytes(-len(table) % 8) for table in tables)
