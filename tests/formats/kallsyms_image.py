# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel image with kallsyms in it, made as ``scripts/kallsyms.c`` makes it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import accumulate

from inspector.errors import Unreadable

STEXT = 0xFFFF_FFFF_9600_0000
END = STEXT + 0x10_0000
_TABLES = STEXT + 0x2_0000
_PERCPU = 5
_STEXT_INDEX = _PERCPU + 2

# Bytes that no symbol uses stand for what is frequent.
_FREQUENT = {0x01: b"sys_", 0x02: b"lock", 0x80: b"Tfunction_", 0xFF: b"_handler"}


@dataclass(frozen=True)
class Layout:
    """Which of the releases' ways the tables are laid out."""

    addresses_first: bool = True  # up to 6.3
    sequences: bool = False  # 6.2, 6.3
    encoding: str = "absolute-percpu"
    align: int = 8


LAYOUTS = {
    "5.10": Layout(),
    "5.10, base-relative": Layout(encoding="base-relative"),
    "absolute": Layout(encoding="absolute"),
    "6.2": Layout(sequences=True),
    "6.4": Layout(addresses_first=False),
    "6.15": Layout(addresses_first=False, encoding="base-relative"),
    "7.0": Layout(addresses_first=False, encoding="place-relative", align=4),
}


@dataclass
class Image:
    """Memory from ``STEXT`` to ``END``; whoever damages it changes ``data`` or ``missing``."""

    data: bytearray = field(default_factory=lambda: bytearray(END - STEXT))
    tables: dict[str, int] = field(default_factory=dict)
    missing: set[int] = field(default_factory=set)
    symbols: dict[str, int] = field(default_factory=lambda: {"_stext": STEXT, "prb": END})

    def read(self, address: int, size: int) -> bytes:
        pages = range(address & ~4095, address + size, 4096)
        if address < STEXT or address + size > END or self.missing.intersection(pages):
            raise Unreadable(address, size, "missing")
        return bytes(self.data[address - STEXT : address - STEXT + size])

    def write(self, address: int, data: bytes) -> None:
        self.data[address - STEXT : address - STEXT + len(data)] = data


def image(layout: Layout, count: int, *, longest: int = 40) -> Image:
    """:param count: of the symbols, the first five of them per-CPU"""
    made = Image()
    names = [_compressed(i, longest) for i in range(count)]
    numbers = _addresses(count, layout.encoding in ("absolute-percpu", "absolute"))
    at = _TABLES
    if layout.addresses_first:
        at = _put_addresses(made, at, layout, numbers)
    at = _put_names(made, at, layout, names)
    if not layout.addresses_first:
        _put_addresses(made, at, layout, numbers)
    return made


def _addresses(count: int, percpu_from_zero: bool) -> list[int]:
    numbers = [STEXT + 16 * (i - _STEXT_INDEX) for i in range(count)]
    if percpu_from_zero:
        numbers[:_PERCPU] = range(0, 0x1000 * _PERCPU, 0x1000)
    return numbers


def _compressed(index: int, longest: int) -> bytes:
    if index == _STEXT_INDEX:
        name = b"T_stext"
    else:
        name = b"\x80%d\xff\x01" % index + b"x" * (index % longest)
    size = len(name)
    return (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + name


def _put(made: Image, at: int, align: int, name: str, data: bytes) -> int:
    at = (at + align - 1) // align * align
    made.tables[name] = at
    made.write(at, data)
    return at + len(data)


def _put_names(made: Image, at: int, layout: Layout, names: list[bytes]) -> int:
    align = layout.align
    at = _put(made, at, align, "kallsyms_num_syms", struct.pack("<I", len(names)))
    at = _put(made, at, align, "kallsyms_names", b"".join(names))
    starts = list(accumulate((len(name) for name in names), initial=0))[: len(names) : 256]
    at = _put(made, at, align, "kallsyms_markers", struct.pack(f"<{len(starts)}I", *starts))
    if layout.sequences:
        order = b"".join(i.to_bytes(3, "big") for i in reversed(range(len(names))))
        at = _put(made, at, align, "kallsyms_seqs_of_names", order)
    tokens = [_FREQUENT.get(i, bytes([i]) if 32 < i < 127 else b"t%d" % i) for i in range(256)]
    at = _put(made, at, align, "kallsyms_token_table", b"\0".join(tokens) + b"\0")
    offsets = list(accumulate((len(token) + 1 for token in tokens), initial=0))[:256]
    return _put(made, at, align, "kallsyms_token_index", struct.pack("<256H", *offsets))


def _put_addresses(made: Image, at: int, layout: Layout, numbers: list[int]) -> int:
    if layout.encoding == "absolute":
        return _put(made, at, 8, "kallsyms_addresses", struct.pack(f"<{len(numbers)}Q", *numbers))
    start = (at + layout.align - 1) // layout.align * layout.align
    base = numbers[0] if layout.encoding == "base-relative" else STEXT - 0x100
    if layout.encoding == "place-relative":
        values = [number - start - 4 * i for i, number in enumerate(numbers)]
    elif layout.encoding == "base-relative":
        values = [number - base for number in numbers]
    else:
        values = [n if n < base else base - 1 - n for n in numbers]
    at = _put(made, at, layout.align, "kallsyms_offsets", struct.pack(f"<{len(values)}i", *values))
    if layout.encoding == "place-relative":
        return at
    return _put(made, at, 8, "kallsyms_relative_base", struct.pack("<Q", base))
