# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a file is, by its first bytes, before anything is made of it."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

from inspector.errors import TargetError
from inspector.target.other_formats import other_format

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
                raise TargetError(f"{path}: is no regular file: copy the dump into one")
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
        raise TargetError(f"{path}: is a dump of {name}; only x86_64 can be read")
    return "kdump"


def _elf(path: Path, head: bytes) -> str:
    if len(head) < 64:
        raise TargetError(f"{path}: is an ELF file cut short after {len(head)} bytes")
    kind, machine = struct.unpack_from("<HH" if head[5] == 1 else ">HH", head, 16)
    if machine != _EM_X86_64:
        name = _MACHINES.get(machine, f"ELF machine {machine}")
        raise TargetError(f"{path}: is for {name}; only x86-64 can be read")
    if kind != _ET_CORE:
        raise TargetError(f"{path}: is an ELF file, but not a core dump")
    return "elf"
