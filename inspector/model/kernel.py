# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which kernel a target runs, and what kind of target it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KernelIdentity:
    """:ivar types: where the types come from, ``btf`` or ``dwarf``"""

    release: str
    arch: str
    build_id: str | None
    types: str


@dataclass(frozen=True, slots=True)
class TargetIdentity:
    """:ivar kind: ``live``, ``core``, ``qemu``, ``records`` or ``demo``
    :ivar path: the file, the QMP address, or the shipped dump's name
    :ivar format: ``kdump``, ``elf``, …; None for what is not a file
    """

    kind: str
    path: str | None
    format: str | None
