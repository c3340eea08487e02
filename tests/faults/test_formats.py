# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other formats: those that can be read give the same frames, others are refused by name."""

from __future__ import annotations

import json
import os
import socket
import struct
from pathlib import Path

import cramjam
import pytest

from inspector.formats.kdump import SUB_HEADER
from inspector.formats.notes import Note, pack
from inspector.formats.sniff import other_format
from tests.answers import Answers
from tests.faults import dumps
from tests.faults.dumps import PAGE, frames_of

OTHER = "a format that is known and not read, by its first bytes"
NO_FILE = "no regular file: a pipe, a socket, a device"
COMPRESSED = "a kdump compressed by snappy or zstd"
ELF = "an ELF dump: whole, without notes, VMCOREINFO or CPUs' notes, cut, of Xen, headers that lie"
KDUMP = "a kdump: without notes, VMCOREINFO or CPUs' notes; a part of a split one"

FIRST_BYTES = {
    "Xen domain": struct.pack("<IIII", 0xF00FEBEE, 1, 131072, 4096),  # struct xc_core_header
    "VMware": struct.pack("<III", 0xBED2BED2, 8, 80),  # cptdumpheader
    "LiME": struct.pack("<IIQQQ", 0x4C694D45, 1, 0x1000, 0x9FBFF, 0),
    "AVML": struct.pack("<IIQQQ", 0x4C4D5641, 2, 0x1000, 0x9FBFF, 0),
    "Windows": b"PAGEDU64" + struct.pack("<II", 15, 19041),
    "s390": struct.pack(">QHH", 0xA8190173618F23FD, 5, 4096),
    "diskdump": b"DISKDUMP" + struct.pack("<I", 1),
    "LKCD": struct.pack("<QII", 0xA8190173618F23ED, 8, 832),
    "sadump": b"sadump\0\0",
    "QEMU": b"QEVM" + struct.pack(">I", 3),
    "gzip -d": b"\x1f\x8b\x08\0",
    "xz -d": b"\xfd7zXZ\0\0\4",
    "zstd -d": cramjam.zstd.compress(b"KDUMP   "),
    "lz4 -d": cramjam.lz4.compress(b"KDUMP   "),
    "bzip2 -d": cramjam.bzip2.compress(b"KDUMP   "),
}
METHODS: dict[str, tuple[dumps.Compress, int]] = {
    "snappy": (lambda page: bytes(cramjam.snappy.compress_raw(page)), dumps.SNAPPY),
    "zstd": (lambda page: bytes(cramjam.zstd.compress(page)), dumps.ZSTD),
}
BY_THE_COMMAND = ("Xen domain", "VMware", "LiME", "Windows", "s390", "gzip -d")


@pytest.mark.parametrize("name", FIRST_BYTES)
def test_a_format_that_is_not_read_is_known_by_its_first_bytes(name: str) -> None:
    found = other_format(bytes(FIRST_BYTES[name]).ljust(PAGE, b"\0"))
    assert found is not None
    assert name in found


@pytest.mark.parametrize("name", BY_THE_COMMAND)
def test_it_is_refused_by_that_name(name: str, answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_bytes(bytes(FIRST_BYTES[name]).ljust(2 * PAGE, b"\0"))
    answers.refused(OTHER, name, "frames", "-c", path)


def test_what_is_no_file_is_refused_at_once(answers: Answers, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
    answers.refused(NO_FILE, "not a regular file", "frames", "-c", tmp_path / "pipe")
    answers.refused(NO_FILE, "", "frames", "-c", tmp_path / "socket")
    answers.refused(NO_FILE, "not a regular file", "frames", "-c", "/dev/zero")


@pytest.mark.parametrize("method", METHODS)
def test_pages_compressed_by_another_method_give_the_same_frames(
    method: str, shipped: bytes, expected: list[str], answers: Answers, tmp_path: Path
) -> None:
    path = tmp_path / method
    path.write_bytes(dumps.compressed_otherwise(shipped, *METHODS[method]))
    answer = answers.ask(COMPRESSED, "frames", "-c", path, "--format", "jsonl")
    assert (answer.status, answer.stderr) == (0, "")
    assert frames_of(answer) == expected


def test_an_elf_dump_gives_the_same_frames(
    shipped: bytes, expected: list[str], answers: Answers, tmp_path: Path
) -> None:
    path = elf(tmp_path, shipped, *dumps.notes(shipped))
    answer = answers.ask(ELF, "frames", "-c", path, "--format", "jsonl")
    assert (answer.status, answer.stderr) == (0, "")
    assert frames_of(answer) == expected


@pytest.mark.parametrize("kind", [ELF, KDUMP])
def test_where_a_dump_has_no_cpus_notes_the_kernels_own_are_read(
    kind: str, shipped: bytes, expected: list[str], answers: Answers, tmp_path: Path
) -> None:
    path, kept = tmp_path / "dump", without_cpus(shipped)
    path.write_bytes(dumps.as_elf(shipped, kept) if kind is ELF else kdump(shipped, kept))
    answer = answers.ask(kind, "frames", "-c", path, "--format", "jsonl")
    assert (answer.status, answer.stderr) == (0, "")
    assert frames_of(answer) == expected


def test_where_nobody_noted_the_cpus_registers_that_is_said_and_nothing_named_wrongly(
    shipped: bytes, expected: list[str], answers: Answers, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    path.write_bytes(dumps.as_elf(shipped, without_cpus(shipped), dumps.without_crash_note))
    answer = answers.ask(ELF, "frames", "-c", path, "--format", "jsonl")
    assert (answer.status, answer.stderr) == (3, "")
    (missing,) = json.loads(answer.stdout.splitlines()[-1])["missing"]
    assert (missing["rule"], missing["count"]) == ("registers-unsaved", 2)
    found = frames_of(answer)
    assert set(found) < set(expected)
    assert sum('"origin": "syscall"' in line for line in found) == 17


def without_cpus(dump: bytes) -> bytes:
    return pack(tuple(note for note in dumps.notes(dump) if not note.is_cpu))


def test_a_dump_without_vmcoreinfo_is_refused(
    shipped: bytes, answers: Answers, tmp_path: Path
) -> None:
    cpus = tuple(note for note in dumps.notes(shipped) if note.is_cpu)
    path = elf(tmp_path, shipped, *cpus)
    answers.refused(ELF, "user-space program", "frames", "-c", path)
    path.write_bytes(kdump(shipped, pack(cpus)))
    answers.refused(KDUMP, "no VMCOREINFO", "frames", "-c", path)


def test_a_dump_without_any_note_is_refused(
    shipped: bytes, answers: Answers, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    path.write_bytes(dumps.as_elf(shipped, None))
    answers.refused(ELF, "no notes", "frames", "-c", path)
    path.write_bytes(kdump(shipped, b""))
    answers.refused(KDUMP, "no VMCOREINFO", "frames", "-c", path)


@pytest.mark.parametrize("keep", [0.001, 0.3, 0.9999])
def test_an_elf_dump_that_is_cut_says_so(
    keep: float, shipped: bytes, expected: list[str], answers: Answers, tmp_path: Path
) -> None:
    path = elf(tmp_path, shipped, *dumps.notes(shipped))
    os.truncate(path, int(keep * path.stat().st_size))
    answer = answers.ask(ELF, "frames", "-c", path, "--format", "jsonl")
    assert answer.status in (2, 3)
    assert "cut short" in answer.stderr + answer.stdout
    assert set(frames_of(answer)) <= set(expected)


def test_dumps_of_xen_are_refused_by_name(shipped: bytes, answers: Answers, tmp_path: Path) -> None:
    path = elf(tmp_path, shipped, Note(b"Xen", 0x1000001, bytes(72)), *dumps.notes(shipped))
    answers.refused(ELF, "Xen hypervisor", "frames", "-c", path)
    path.write_bytes(xen_domain())
    answers.refused(ELF, "a Xen domain", "frames", "-c", path)


def xen_domain() -> bytes:
    """As libxenctrl's xc_core.c begins one: sections, and no segments."""
    names = b"\0.shstrtab\0.note.Xen\0.xen_prstatus\0.xen_pages\0"
    ident = b"\x7fELF\2\1\1" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 0, 64, 0, 64, 56, 0, 64, 2, 1)
    string_table = struct.pack("<IIQQQQIIQQ", 1, 3, 0, 0, 64 + 128, len(names), 0, 0, 1, 0)
    return ident + header + bytes(64) + string_table + names


@pytest.mark.parametrize(
    ("at", "word"),
    [
        pytest.param(32, 1 << 62, id="segments beyond the end"),
        pytest.param(40, 0, id="no sections"),
        pytest.param(56, 0x7FFF, id="far more segments than there are"),
        pytest.param(64 + 8, 1 << 63, id="notes beyond the end"),
        pytest.param(64 + 32, 1 << 48, id="notes larger than the file"),
        pytest.param(64 + 56 + 32, 1 << 63, id="a segment larger than any file"),
    ],
)
def test_an_elf_header_that_lies_is_said(
    at: int, word: int, shipped: bytes, expected: list[str], answers: Answers, tmp_path: Path
) -> None:
    path = elf(tmp_path, shipped, *dumps.notes(shipped))
    size = 2 if at == 56 else 8
    with path.open("r+b") as file:
        file.seek(at)
        file.write(word.to_bytes(size, "little"))
    answer = answers.ask(ELF, "frames", "-c", path, "--format", "jsonl")
    assert set(frames_of(answer)) <= set(expected)
    assert answer.status in ((0,) if at == 40 else (2, 3)), answer
    assert "Traceback" not in answer.stderr


def test_a_part_of_a_split_dump_names_what_puts_it_together(
    shipped: bytes, answers: Answers, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    damaged = bytearray(shipped)
    struct.pack_into("<i", damaged, PAGE + 12, 1)  # kdump_sub_header.split
    path.write_bytes(damaged)
    answers.refused(KDUMP, "makedumpfile --reassemble", "frames", "-c", path)


def elf(directory: Path, dump: bytes, *notes: Note) -> Path:
    path = directory / "dump"
    path.write_bytes(dumps.as_elf(dump, pack(notes)))
    return path


def kdump(dump: bytes, notes: bytes) -> bytes:
    """The same kdump with other notes, and with no VMCOREINFO but one among them."""
    fields = list(SUB_HEADER.unpack_from(dump, PAGE))
    at = fields[7]
    info = notes.find(b"OSRELEASE=")
    fields[5], fields[6] = (at + info, len(notes) - info) if info >= 0 else (0, 0)
    fields[7], fields[8] = (at, len(notes)) if notes else (0, 0)
    room = -(-(SUB_HEADER.size + dumps.notes_size(dump)) // PAGE) * PAGE
    block = (SUB_HEADER.pack(*fields) + notes).ljust(room, b"\0")
    return dump[:PAGE] + block + dump[PAGE + room :]
