# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel's System.map: its symbols as they were linked, in the order of their addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from inspector.errors import TargetError
from inspector.facts.addresses import START_KERNEL_MAP
from inspector.formats.memory import image_symbols

_LINE = re.compile(rb"^([0-9a-f]{16}) (\S) (\S+)$", re.MULTILINE)

# A Debian kernel's has 4 MB, an allyesconfig's 30.
_MOST_BYTES = 64 << 20

# No size is given: a symbol ends where the next begins, but not after a gap, as in drgn.
_MOST_SIZE = 0x10000


@dataclass(frozen=True, slots=True)
class LinkedSymbol:
    """One line of a System.map.

    :ivar letter: its type, as ``nm`` prints it
    :ivar size: in bytes, up to the next symbol; 0 where a gap follows
    """

    address: int
    letter: str
    name: str
    size: int = 0


def system_map(path: Path, info: Mapping[str, str]) -> Iterator[LinkedSymbol]:
    """The symbols of ``path`` at the addresses that the running kernel gave them.

    :param info: VMCOREINFO of that kernel
    :raises TargetError: if ``path`` is not the System.map of that very build
    """
    linked = list(_lines(path))
    offset = _offset(path, linked, image_symbols(info), info.get("KERNELOFFSET"))
    return _moved(linked, offset)


def _lines(path: Path) -> Iterator[LinkedSymbol]:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES)
    except FileNotFoundError:
        raise TargetError(f"{path}: no such file") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    for address, letter, name in _LINE.findall(text):
        yield LinkedSymbol(
            int(address, 16), letter.decode("ascii", "replace"), name.decode("ascii", "replace")
        )


def _offset(
    path: Path, linked: list[LinkedSymbol], known: Mapping[str, int], kernel_offset: str | None
) -> int:
    """The offset by which KASLR moved the kernel.

    :raises TargetError: unless all symbols that VMCOREINFO names moved by it
    """
    addresses = {symbol.name: symbol.address for symbol in linked if symbol.name in known}
    if "_stext" not in addresses:
        raise TargetError(
            f"{path}: is not the System.map of an x86-64 kernel"
            " (Debian has it in the linux-image-…-dbg package)"
        )
    offset = known["_stext"] - addresses["_stext"]
    if kernel_offset is not None and f"{offset:x}" != kernel_offset:
        raise TargetError(_not_this(path, "KERNELOFFSET"))
    for name, address in addresses.items():
        if address + offset != known[name]:
            raise TargetError(_not_this(path, name))
    return offset


def _not_this(path: Path, name: str) -> str:
    return f"{path}: is the System.map of another kernel: {name} does not agree with VMCOREINFO"


def _moved(linked: list[LinkedSymbol], offset: int) -> Iterator[LinkedSymbol]:
    """Those in the image are moved; per-CPU variables and constants are not."""
    for symbol, following in zip(linked, chain(linked[1:], linked[-1:]), strict=True):
        moved = offset if symbol.address >= START_KERNEL_MAP else 0
        size = following.address - symbol.address
        yield LinkedSymbol(
            symbol.address + moved,
            symbol.letter,
            symbol.name,
            size if 0 < size < _MOST_SIZE else 0,
        )
