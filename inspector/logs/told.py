# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is concluded of a frame, and what its text settles without any rule: mode and number."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.facts.addresses import KERNEL_LOW
from inspector.logs.block import RawFrame
from inspector.logs.eras import ORIG_RAX, Era
from inspector.model.evidence import Evidence
from inspector.model.oops import Shape
from inspector.model.origin import Delivery, Origin
from inspector.model.registers import as_int64

KERNEL_HALF = KERNEL_LOW[4]
"""The lowest address of the kernel's half with four levels of page tables."""

_VSYSCALL_PAGE = range(0xFFFF_FFFF_FF60_0000, 0xFFFF_FFFF_FF60_1000)
HAVE_ERROR_CODE = frozenset({8, 10, 11, 12, 13, 14, 17, 21, 29, 30})  # the CPU pushes one


@dataclass(frozen=True, slots=True)
class Told:
    """:ivar possible: what is left open, where ``origin`` is unknown
    :ivar delivery: where the text names the entry code
    """

    origin: Origin
    evidence: tuple[Evidence, ...]
    possible: tuple[Origin, ...] = ()
    vector: int | None = None
    delivery: Delivery | None = None


def orig_ax(raw: RawFrame, era: Era) -> int | None:
    """``orig_ax`` as a signed number; None where the text does not tell.

    A whole block of an era that prints ORIG_RAX tells it by leaving it out: it is -1.
    """
    if "orig_ax" in raw.registers:
        return as_int64(raw.registers["orig_ax"])
    if "orig_ax" in raw.mixed or raw.shape is not Shape.REGISTERS or raw.reader != "kernel":
        return None
    whole = raw.beginning and {"flags", "sp"} <= raw.registers.keys()
    return -1 if whole and not raw.old and era.has(ORIG_RAX) is not False else None


def user_mode(raw: RawFrame) -> bool | None:
    """Whether the frame is of user mode; None where the text does not tell."""
    if raw.user is not None:
        return raw.user
    cs = raw.registers.get("cs")
    if cs is not None:
        return bool(cs & 3)
    ip = raw.registers.get("ip")
    # User space never runs there, but on the vsyscall page, which the kernel never runs.
    return False if ip is not None and ip >= KERNEL_HALF and ip not in _VSYSCALL_PAGE else None
