# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a file is, by its first bytes and its headers, before anything is made of it."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from os import SEEK_END, fstat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from inspector.errors import TargetError
from inspector.formats.notes import unpack

# Recognise a file by its first bytes.

# Images of a machine's memory, and files around one, that are known and not read. Pure.
#
# Format facts: crash (``xendump.h``, ``vmware_vmss.h``, ``sadump.h``, ``lkcd_dump_v8.h``,
# ``qemu-load.c``, ``diskdump.h``), Xen's ``xc_core.h``, LiME's and AVML's documents.

_CANNOT = "; of dumps, kdump and ELF can be read"
_XEN = "a dump of a Xen domain" + _CANNOT
_VMWARE = "a snapshot by VMware (.vmss, .vmsn)" + _CANNOT
_QEMU = "a guest saved by QEMU's migration; use QEMU's dump-guest-memory, or virsh dump"
_WINDOWS = "a crash dump of Windows"
_LKCD = "an LKCD dump" + _CANNOT
_SADUMP = "a dump by sadump; convert it first: makedumpfile -c -d 31 -x VMLINUX IN OUT"
_PACKED = "compressed by {0}; unpack it first: {0} -d"


def _word(number: int) -> bytes:
    return struct.pack("<I", number)


_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (_word(0xF00FEBED), _XEN),  # XC_CORE_MAGIC
    (_word(0xF00FEBEE), _XEN),  # XC_CORE_MAGIC_HVM
    (b"LinuxGuestRecord", _XEN),  # XC_SAVE_SIGNATURE
    (_word(0xBED0BED0), _VMWARE),  # CPTDUMP_OLD_MAGIC_NUMBER
    (_word(0xBED2BED2), _VMWARE),  # CPTDUMP_MAGIC_NUMBER
    (_word(0xBED3BED3), _VMWARE),  # CPTDUMP_PARTIAL_MAGIC_NUMBER
    (_word(0xBAD1BAD1), _VMWARE),  # CPTDUMP_RESTORED_MAGIC_NUMBER
    (_word(0xBAD2BAD2), _VMWARE),  # CPTDUMP_NORESTORE_MAGIC_NUMBER
    (_word(0x4C694D45), "an image by LiME" + _CANNOT),
    (_word(0x4C4D5641), "an image by AVML" + _CANNOT),
    (b"QEVM", _QEMU),  # QEMU_VM_FILE_MAGIC, big-endian
    (b"LibvirtQemudSave", _QEMU),
    (b"LibvirtQemudPart", "a guest that libvirt did not finish saving"),
    (b"DISKDUMP", "a dump by diskdump, of Linux 2.4 or 2.6" + _CANNOT),
    (struct.pack("<Q", 0xA8190173618F23ED), _LKCD),  # DUMP_MAGIC_NUMBER
    (struct.pack("<Q", 0xA8190173618F23CD), _LKCD),  # DUMP_MAGIC_LIVE
    (struct.pack(">Q", 0xA8190173618F23ED), _LKCD),
    (struct.pack(">Q", 0xA8190173618F23FD), "a dump of s390; only x86-64 can be read"),
    (_word(0x75646173) + _word(0x0000706D), _SADUMP),  # SADUMP_SIGNATURE1 and 2
    (b"PAGEDUMP", _WINDOWS),
    (b"PAGEDU64", _WINDOWS),
    (b"MDMP", _WINDOWS),
    (b"hibr", "a hibernation file of Windows"),
    (b"HIBR", "a hibernation file of Windows"),
    (b"QFI\xfb", "a disk image (qcow2), not a dump"),
    (b"KDMV", "a disk image (VMDK), not a dump"),
    (b"\x1f\x8b", _PACKED.format("gzip")),
    (b"\xfd7zXZ\0", _PACKED.format("xz")),
    (b"\x28\xb5\x2f\xfd", _PACKED.format("zstd")),
    (b"BZh", _PACKED.format("bzip2")),
    (b"\x04\x22\x4d\x18", _PACKED.format("lz4")),
    (b"\x89LZO\0\r\n\x1a\n", _PACKED.format("lzop")),
    (b"PK\3\4", "a zip archive; unpack it first: unzip"),
)


def other_format(head: bytes) -> str | None:
    """The format of a file that begins with ``head``, and a remedy; None if unknown."""
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning):
            return name
    return None


# What a file is, by its first bytes, before anything is made of it.

_HEAD = 4096  # bytes that tell the format

_ET_CORE = 4
_EM_X86_64 = 62
_MACHINES = {
    3: "32-bit x86",
    21: "ppc64",
    22: "s390x",
    40: "32-bit Arm",
    183: "arm64",
    243: "RISC-V",
}

# struct disk_dump_header: signature[8], header_version, then struct new_utsname.
_UTS_MACHINE = 8 + 4 + 4 * 65
_UTS_FIELD = 65


def sniff(path: Path) -> str:
    """``kdump``, ``flattened`` or ``elf``: the format of a kernel dump for x86-64.

    :raises TargetError: in one line, for anything that is not one
    """
    head = _head(path)
    if not head:
        raise TargetError(f"{path}: is empty")
    if head.startswith(b"KDUMP   "):
        return _kdump(path, head)
    if head.startswith(b"makedumpfile\0"):
        return "flattened"
    if head.startswith(b"\x7fELF"):
        return _elf(path, head)
    other = other_format(head)
    if other is not None:
        raise TargetError(f"{path}: is {other}")
    raise TargetError(f"{path}: is not a kernel dump (neither kdump nor ELF)")


def _head(path: Path) -> bytes:
    try:
        # A pipe is opened without waiting for somebody to write into it.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISDIR(mode):
                raise TargetError(f"{path}: is a directory, not a dump")
            if not stat.S_ISREG(mode):
                raise TargetError(f"{path}: not a regular file; copy the dump into one")
            return file.read(_HEAD)
    except FileNotFoundError:
        raise TargetError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise TargetError(f"{path}: is a directory, not a dump") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None


def _kdump(path: Path, head: bytes) -> str:
    machine = head[_UTS_MACHINE : _UTS_MACHINE + _UTS_FIELD].split(b"\0", 1)[0]
    if machine != b"x86_64":
        name = machine.decode("ascii", "replace") or "an unnamed machine"
        raise TargetError(f"{path}: a dump of {name}; only x86_64 can be read")
    return "kdump"


def _elf(path: Path, head: bytes) -> str:
    if len(head) < 64:
        raise TargetError(f"{path}: an ELF file cut short after {len(head)} bytes")
    kind, machine = struct.unpack_from("<HH" if head[5] == 1 else ">HH", head, 16)
    if machine != _EM_X86_64:
        name = _MACHINES.get(machine, f"ELF machine {machine}")
        raise TargetError(f"{path}: for {name}; only x86-64 can be read")
    if kind != _ET_CORE:
        raise TargetError(f"{path}: is an ELF file, but not a core dump")
    return "elf"


# What an ELF dump's own headers say of it, before drgn is given it.
#
# Format facts: ``elf(5)``; Xen's ``docs/misc/dump-core-format.txt`` (a domain's dump has sections
# and no segments) and ``xen/public/elfnote.h`` (the hypervisor's notes are called ``Xen``).

_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_PT_NOTE, _PN_XNUM = 4, 0xFFFF

_MAX_SEGMENTS = 1 << 16  # real ones have tens, with much memory some thousands
_MAX_NOTES = 16 << 20  # bytes that are looked at: a CPU's note has some 400
_NO_HYPERVISOR = "; of dumps, kdump and ELF of a kernel that runs without one can be read"
_OTHERS = {
    b"Xen": "is a dump of a machine with the Xen hypervisor" + _NO_HYPERVISOR,
    b"VBCORE": "is a dump by VirtualBox; it does not tell where its kernel is",
}


class _Segment(NamedTuple):
    kind: int
    offset: int
    size: int


def look_at_elf(path: Path) -> str | None:
    """What is missing at the end of the file; None if it is whole.

    :raises TargetError: if it holds no memory, or another system's
    """
    try:
        with path.open("rb") as file:
            segments = tuple(_segments(file))
            names = frozenset(_note_names(file, segments))
            size = file.seek(0, SEEK_END)
    except struct.error:
        raise TargetError(f"{path}: cut short inside its headers") from None
    except OSError as error:
        raise TargetError(f"{path}: {error.strerror}") from None
    for name, what in _OTHERS.items():
        if name in names:
            raise TargetError(f"{path}: {what}")
    if not segments:
        raise TargetError(f"{path}: its headers name no memory")
    if not any(segment.kind == _PT_NOTE for segment in segments):
        raise TargetError(f"{path}: no notes, so its kernel is unknown")
    end = max(segment.offset + segment.size for segment in segments)
    return f"the file is cut short: it has {size} bytes of {end}" if size < end else None


def _segments(file: BinaryIO) -> Iterator[_Segment]:
    header = _HEADER.unpack(file.read(_HEADER.size))
    segments_at, sections_at = header[4:6]
    count, sections, names = header[9], header[11], header[12]
    if not count and sections and b".note.Xen\0" in _section_names(file, sections_at, names):
        raise TargetError(f"{file.name}: is a dump of a Xen domain{_NO_HYPERVISOR}")
    if count == _PN_XNUM:  # then sh_info of the first section says how many
        count = _section(file, sections_at, 0)[7] if sections else 0
    if count > _MAX_SEGMENTS:
        raise TargetError(f"{file.name}: its headers are damaged: they claim {count} segments")
    for index in range(count):
        _seek(file, segments_at + index * _SEGMENT.size)
        kind, _flags, offset, _virtual, _physical, size, *_ = _SEGMENT.unpack(
            file.read(_SEGMENT.size)
        )
        yield _Segment(kind, offset, size)


def _section_names(file: BinaryIO, sections_at: int, index: int) -> bytes:
    section = _section(file, sections_at, index)
    _seek(file, section[4])
    return file.read(min(section[5], _MAX_NOTES))


def _section(file: BinaryIO, sections_at: int, index: int) -> tuple[int, ...]:
    _seek(file, sections_at + index * _SECTION.size)
    return _SECTION.unpack(file.read(_SECTION.size))


def _note_names(file: BinaryIO, segments: tuple[_Segment, ...]) -> Iterator[bytes]:
    for segment in segments:
        if segment.kind == _PT_NOTE:
            _seek(file, segment.offset)
            area = file.read(min(segment.size, _MAX_NOTES))
            yield from (note.name for note in unpack(area, cut=True))


def _seek(file: BinaryIO, at: int) -> None:
    if at > fstat(file.fileno()).st_size:
        raise TargetError(f"{file.name}: cut short, or its headers are damaged")
    file.seek(at)
