# SPDX-License-Identifier: LGPL-2.1-or-later
import struct
from pathlib import Path

import pytest

from inspector.errors import TargetError
from inspector.formats.sniff import sniff


def elf(*, bits: int = 64, kind: int = 4, machine: int = 62) -> bytes:
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    return (ident + struct.pack("<HHI", kind, machine, 1)).ljust(64, b"\0")


def kdump(machine: bytes) -> bytes:
    return (b"KDUMP   " + struct.pack("<I", 6)).ljust(272, b"\0") + machine.ljust(65, b"\0")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (elf(), "elf"),
        (kdump(b"x86_64"), "kdump"),
        (b"makedumpfile\0\0\0\0", "flattened"),
    ],
)
def test_dumps_are_recognised(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "dump"
    path.write_bytes(content)
    assert sniff(path) == expected


@pytest.mark.parametrize(
    ("content", "machine"),
    [
        (b"", ""),
        (b"hello, world\n", ""),
        (elf(machine=183), "arm64"),
        (elf(bits=32, machine=3), "32-bit x86"),
        (elf(kind=2), ""),
        (elf()[:20], ""),
        (kdump(b"aarch64"), "aarch64"),
    ],
)
def test_what_is_no_x86_64_dump_is_refused(tmp_path: Path, content: bytes, machine: str) -> None:
    path = tmp_path / "dump"
    path.write_bytes(content)
    with pytest.raises(TargetError, match=machine or path.name) as caught:
        sniff(path)
    assert str(caught.value).startswith(str(path))


def test_a_path_that_does_not_exist_and_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(TargetError, match=str(path)):
            sniff(path)
