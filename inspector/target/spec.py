# SPDX-License-Identifier: LGPL-2.1-or-later
"""What to open, as a user says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class TargetKind(Enum):
    """The kinds of target; the values are the contract of the JSON output."""

    LIVE = "live"
    CORE = "core"
    QEMU = "qemu"
    RECORDS = "records"
    DEMO = "demo"
    PROGRAM = "program"  # a drgn.Program that somebody else opened


class SymbolSource(Enum):
    """Where types come from."""

    AUTO = "auto"
    BTF = "btf"
    DWARF = "dwarf"


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A target to open.

    :ivar path: the file (core, records), the QMP address (qemu), the name of a shipped dump (demo)
    :ivar vmlinux: a kernel image with DWARF, of the very build that the target runs
    :ivar system_map: symbols of that build, in place of the kernel's own table
    :ivar pause: stop the guest (qemu) while it is open
    """

    kind: TargetKind
    path: str | None = None
    types: SymbolSource = SymbolSource.AUTO
    vmlinux: Path | None = None
    system_map: Path | None = None
    pause: bool = False

    @property
    def by_dwarf(self) -> bool:
        """Whether types come from debug information."""
        return self.types is SymbolSource.DWARF or self.vmlinux is not None
