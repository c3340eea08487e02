# SPDX-License-Identifier: LGPL-2.1-or-later
"""A registered kprobe, as the kernel's own table (or a module's record) holds it."""

from dataclasses import dataclass
from enum import Enum, Flag

from inspector.model.symbol import Location


class KprobeFlags(Flag):
    """``KPROBE_FLAG_*``, include/linux/kprobes.h."""

    NONE = 0
    GONE = 1
    DISABLED = 2
    OPTIMIZED = 4
    FTRACE = 8
    ON_FUNC_ENTRY = 16


class Mechanism(Enum):
    """How a kprobe gains control."""

    UNKNOWN = "unknown"
    INT3 = "int3"
    FTRACE = "ftrace"
    OPTPROBE = "optprobe"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Kprobe:
    """One probed address.

    :ivar address: ``struct kprobe.addr``
    :ivar location: the same address by kallsyms, None where no symbol covers it
    :ivar mechanism: what the text at ``address`` says it is now
    :ivar size: bytes of the probed instruction, None where the kernel does not keep it
    :ivar module: the module whose handler it calls, None when that is vmlinux or unknown
    """

    address: int
    location: Location | None
    mechanism: Mechanism
    flags: KprobeFlags = KprobeFlags.NONE
    module: str | None = None
    size: int | None = None
