# SPDX-License-Identifier: LGPL-2.1-or-later
"""The part of memory where the kernel image lies, holes allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from inspector.errors import Unreadable
from inspector.facts.addresses import START_KERNEL_MAP

Read = Callable[[int, int], bytes]
"""``(address, size)`` to so many bytes, or :class:`Unreadable`."""

_PAGE = 4096

# What is asked for at once: libkdumpfile refuses all of it for one page that is missing, and
# it is then read again by page. Larger gains nothing: pages are decompressed one by one.
_CHUNK = 1 << 16

_IMAGE_HIGH = START_KERNEL_MAP + (1 << 30)  # KERNEL_IMAGE_SIZE is at most 1 GB, page_64_types.h


@dataclass(frozen=True, slots=True)
class Run:
    """Memory without a hole."""

    address: int
    data: bytes


def image_symbols(info: Mapping[str, str]) -> dict[str, int]:
    """The symbols of VMCOREINFO that are addresses in the kernel image.

    Others (``mem_section``, ``vmemmap``) are values of pointers.
    """
    found: dict[str, int] = {}
    for key, value in info.items():
        if key.startswith("SYMBOL(") and key.endswith(")"):
            try:
                address = int(value, 16)
            except ValueError:
                continue
            if START_KERNEL_MAP <= address < _IMAGE_HIGH:
                found[key[len("SYMBOL(") : -1]] = address
    return found


def search_range(symbols: Mapping[str, int]) -> tuple[int, int] | None:
    """Half-open range of addresses in which read-only data must lie, or None.

    Up from ``_stext``, which begins the image, to the last of the other symbols: they are
    variables of .data and .bss, and the linker script puts .rodata before both.

    :param symbols: of VMCOREINFO, in the image
    """
    low, high = symbols.get("_stext"), max(symbols.values(), default=0)
    return None if low is None or low >= high else (low, high)


def runs(read: Read, low: int, high: int) -> Iterator[Run]:
    """What can be read of ``[low, high)``, ascending, in pieces."""
    for address in range(low, high, _CHUNK):
        size = min(_CHUNK, high - address)
        try:
            yield Run(address, read(address, size))
        except Unreadable:
            yield from _pages(read, address, address + size)


def _pages(read: Read, low: int, high: int) -> Iterator[Run]:
    while low < high:
        size = min(high, (low // _PAGE + 1) * _PAGE) - low
        with suppress(Unreadable):
            yield Run(low, read(low, size))
        low += size


def read_with_holes(read: Read, low: int, high: int) -> bytes:
    """All of ``[low, high)``, with bytes of 255 for those that are missing."""
    data = bytearray(b"\xff" * (high - low))
    at = low
    while at < high:
        end = min(high, (at // _PAGE + 1) * _PAGE)
        begun = _readable(read, at, end)
        data[at - low : at - low + len(begun)] = begun
        at = end
    return bytes(data)


def _readable(read: Read, low: int, high: int) -> bytes:
    """The most that can be read from ``low`` up: a small dump may hold a page's beginning."""
    try:
        return read(low, high - low)
    except Unreadable:
        pass
    found, least, most = b"", 0, high - low  # `least` bytes can be read, `most` cannot
    while most - least > 1:
        size = (least + most) // 2
        try:
            found, least = read(low, size), size
        except Unreadable:
            most = size
    return found


def read_up(read: Read, address: int, most: int) -> bytes:
    """From ``address`` up to the first page that is missing, but no more than ``most``."""
    parts, expected = [], address
    for run in _pages(read, address, address + most):
        if run.address != expected:
            break
        parts.append(run.data)
        expected += len(run.data)
    return b"".join(parts)


def read_down(read: Read, address: int, most: int) -> bytes:
    """What ends at ``address``, from the last page missing below it, but at most ``most``."""
    parts: list[bytes] = []
    low = address
    while low > address - most:
        start = max(address - most, (low - 1) // _PAGE * _PAGE)
        try:
            parts.append(read(start, low - start))
        except Unreadable:
            break
        low = start
    return b"".join(reversed(parts))
