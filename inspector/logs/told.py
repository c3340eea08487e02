# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts of a log's frame itself: its mode, its number, the bytes around its ip."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from inspector.facts.addresses import KERNEL_LOW, VSYSCALL_PAGE
from inspector.facts.cpu import BP, FLAGS_RF, UD, USER32_CS
from inspector.facts.uapi import is_errno
from inspector.formats.x86 import decode
from inspector.logs.block import RawFrame
from inspector.logs.eras import ORIG_RAX, Era
from inspector.model.access import InstructionPlace
from inspector.model.evidence import Evidence
from inspector.model.oops import FrameShape, ToldInstruction
from inspector.model.origin import Delivery, Origin
from inspector.model.registers import as_int64

# What is concluded of a frame, and what its text settles without any rule: mode and number.

KERNEL_HALF = KERNEL_LOW[4]
"""The lowest address of the kernel's half with four levels of page tables."""


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
    if "orig_ax" in raw.mixed or raw.shape is not FrameShape.REGISTERS or raw.reader != "kernel":
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
    return False if ip is not None and ip >= KERNEL_HALF and ip not in VSYSCALL_PAGE else None


# What the ``Code:`` line tells: the instruction at ip, and the one that led there.

# What enters the kernel from user space.
_ENTERING = {
    b"\x0f\x05": ("syscall", Origin.SYSCALL),
    b"\x0f\x34": ("sysenter", Origin.SYSCALL32),
    b"\xcd\x80": ("int 0x80", Origin.INT80),
}
# What a kprobe plants: ip is one byte past the first of it when its handler runs.
_PLANTED = {
    0xCC: ("an int3", Origin.INT3),
    0xE8: ("a call, of which ip is the second byte", Origin.FTRACE),
    0xE9: ("a jump, of which ip is the second byte", Origin.OPTPROBE),
}
# asm/bug.h: ud2, ud0 of 4.12, and ud1 as WARN(), UBSAN's and kCFI's traps have it.
_UNDEFINED = (
    (b"\x0f\x0b", "ud2"),
    (b"\x0f\xff", "ud0"),
    (b"\x0f\xb9", "ud1"),
    (b"\x67\x0f\xb9", "ud1"),
    (b"\x67\x48\x0f\xb9", "ud1"),
)
_ENDS = re.compile("ret|jmp|int3")
_ENOUGH = 8  # places to start decoding from: x86 falls into step within a few instructions


def instruction_of(code: tuple[bytes, bytes], origin: Origin, bits: int) -> ToldInstruction | None:
    """The one before ip where it made the frame, else the one at ip."""
    before, behind = code
    found = entering(before)
    if found is not None and found[1] is origin:
        return _first(before[-2:], bits, InstructionPlace.BEFORE)
    if origin in (Origin.INT3, Origin.FTRACE, Origin.OPTPROBE):
        stands = planted(code)
        if stands is not None and stands[1] is origin:
            return _first(before[-1:] + behind[:15], bits, InstructionPlace.BEFORE)
    return _first(behind[:16], bits, InstructionPlace.AT)


@lru_cache(maxsize=4096)
def _first(code: bytes, bits: int, moment: InstructionPlace) -> ToldInstruction | None:
    for found in decode(code, 0, bits).instructions:
        text = found.text.split()[0] if moment is InstructionPlace.BEFORE else found.text
        return ToldInstruction(code[: found.size], text, moment)
    return None


def entering(before: bytes) -> tuple[str, Origin] | None:
    """The instruction that entered the kernel, if it ends just before ip."""
    return _ENTERING.get(before[-2:])


def planted(code: tuple[bytes, bytes]) -> tuple[str, Origin] | None:
    """What a probe planted one byte before ip, if decoding confirms that it stands there.

    The byte alone proves nothing: it may be the end of another instruction. Most ways of
    decoding what stands before must come to it as the first byte of an instruction.
    """
    before, behind = code
    if not before or before[-1] not in _PLANTED:
        return None
    at = len(before) - 1
    starts = range(max(0, at - 3 * _ENOUGH), max(0, at - _ENOUGH))
    ways = [_way(before + behind, start, at) for start in starts]
    confirmed = [way for way in ways if at in way]
    if not starts or 2 * len(confirmed) <= len(starts):
        return None
    # Behind a return or a jump an int3 is padding (CONFIG_SLS), and ip is where others jump to.
    padding = sum(_ENDS.match(_before(way, at)) is not None for way in confirmed)
    return None if 2 * padding > len(confirmed) else _PLANTED[before[-1]]


def _before(way: dict[int, str], at: int) -> str:
    """The text of the instruction that stands before the one at ``at``, or ""."""
    earlier = [start for start in way if start < at]
    return way[max(earlier)] if earlier else ""


def _way(text: bytes, start: int, last: int) -> dict[int, str]:
    """Offset → text of the instructions from ``start`` to ``last``."""
    body = decode(text[start:], start)
    return {one.address: one.text for one in body.instructions if one.address <= last}


def undefined(behind: bytes) -> str | None:
    """The name of the instruction at ip, if it is one that WARN() and BUG() use to trap."""
    for start, name in _UNDEFINED:
        if behind.startswith(start):
            return name
    return None


INTERRUPTS = (Origin.IRQ, Origin.SYSVEC)
CLONES = frozenset({56, 57, 58, 435})  # clone, fork, vfork, clone3
FAULT_ORIGINS = (Origin.PAGE_FAULT, Origin.GENERAL_PROTECTION, Origin.EXCEPTION)
LEAVES_MINUS_ONE = (
    Origin.PAGE_FAULT,
    Origin.GENERAL_PROTECTION,
    Origin.INT3,
    Origin.OPTPROBE,
    Origin.KRETPROBE,
    Origin.IRQ,
    Origin.SYSVEC,
    Origin.NMI,
    Origin.DEBUG,
    Origin.DOUBLE_FAULT,
    Origin.MACHINE_CHECK,
    Origin.EXCEPTION,
)


USER_MINUS_ONE = (
    Origin.PAGE_FAULT,
    Origin.GENERAL_PROTECTION,
    Origin.INT3,
    Origin.DEBUG,
    Origin.MACHINE_CHECK,
    Origin.EXCEPTION,
    Origin.IRQ,
    Origin.SYSVEC,
    Origin.NMI,
    Origin.SYSCALL,
)


OLD_VECTORS = range(-256, -32)  # ~vector, which the entry code left there up to 5.7


def by_frame(raw: RawFrame, number: int | None, era: Era) -> Told:
    """What the registers and the bytes around ip say, where neither trace nor headline does."""
    mode = user_mode(raw)
    if mode:
        return _user(raw, number, era)
    return _kernel(raw, number, era) if mode is False else _modeless(raw, number)


def _user(raw: RawFrame, number: int | None, era: Era) -> Told:
    registers = raw.registers
    if number is None:
        text = "orig_ax is not in the text: a call, an exception, or an interrupt"
        return Told(Origin.UNKNOWN, (Evidence("log-user-number-untold", text),))
    if number == -1:
        text = "orig_ax is -1: an exception or interrupt of user mode, or a call after sigreturn"
        return Told(Origin.UNKNOWN, (Evidence("log-user-minus-one", text),), USER_MINUS_ONE)
    if number in OLD_VECTORS:
        return old_interrupt(number, era)
    if led := entering(raw.code[0]) if raw.code else None:
        name, origin = led
        if origin is Origin.SYSCALL and registers.get("cs") == USER32_CS:
            origin = Origin.SYSCALL32
        return Told(origin, (Evidence("log-entering-code", f"the two bytes before ip are {name}"),))
    if _as_syscall_leaves_them(raw):
        text = "rcx is ip and r11 is the flags, as the SYSCALL instruction leaves them"
        return Told(Origin.SYSCALL, (Evidence("log-rcx-r11", text),))
    possible: tuple[Origin, ...] = (Origin.SYSCALL, Origin.FORK_CHILD, Origin.EXEC, Origin.INT80)
    if registers.get("cs") == USER32_CS:
        possible = (Origin.SYSCALL32, Origin.INT80, Origin.FORK_CHILD, Origin.EXEC)
    text = f"orig_ax is {number}: the entry frame of a call, by which way the text does not tell"
    return Told(Origin.UNKNOWN, (Evidence("log-call-number", text),), possible)


def _as_syscall_leaves_them(raw: RawFrame) -> bool:
    told = raw.registers
    if not {"cx", "ip", "r11", "flags"} <= told.keys():
        return False
    return told["cx"] == told["ip"] and told["r11"] == told["flags"]


def _kernel(raw: RawFrame, number: int | None, era: Era) -> Told:
    if number is not None and number in OLD_VECTORS:
        return old_interrupt(number, era)
    if raw.code and raw.registers.get("flags", 0) & FLAGS_RF and number in (-1, 0, None):
        name = undefined(raw.code[1])
        if name is not None:
            text = f"{name} stands at ip, and RF is set in the flags: #UD, by a WARN() or a BUG()"
            return Told(Origin.EXCEPTION, (Evidence("log-undefined-at-ip", text),), vector=UD)
    if raw.code and not raw.place.partition("/")[0].endswith("+0x0"):
        found = planted(raw.code)
        if found is not None and _agrees(found[1], number):
            text = f"one byte before ip stands {found[0]}, by the Code line"
            vector = BP if found[1] is Origin.INT3 else None
            evidence = (Evidence("log-planted-code", text), *_number_evidence(number))
            return Told(found[1], evidence, vector=vector)
    return _by_number(raw, number)


def _agrees(origin: Origin, number: int | None) -> bool:
    """ftrace_regs_caller stores 0 (or a direct trampoline's address), int3 and optprobe -1."""
    return number is not None and (number == -1) == (origin is not Origin.FTRACE)


def _modeless(raw: RawFrame, number: int | None) -> Told:
    ax = raw.registers.get("ax")
    if number is not None and 0 <= number < 1024 and ax is not None and is_errno(ax):
        text = f"orig_ax {number} with an error in ax ({as_int64(ax)}): a call's entry frame"
        possible = (Origin.SYSCALL, Origin.SYSCALL32, Origin.INT80)
        return Told(Origin.UNKNOWN, (Evidence("log-number-and-error", text),), possible)
    # In a call's entry frame ax is user's or a result: no address of the kernel's half.
    return _by_number(raw, number, entry=ax is None or ax < KERNEL_HALF)


def _by_number(raw: RawFrame, number: int | None, entry: bool = False) -> Told:
    if number is None:
        text = "orig_ax is not in the text"
        return Told(Origin.UNKNOWN, (Evidence("log-number-untold", text),))
    evidence = _number_evidence(number)
    if number == -1:
        return Told(Origin.UNKNOWN, evidence, LEAVES_MINUS_ONE)
    if number == 0:
        if user_mode(raw) is False and raw.shape is FrameShape.REGISTERS:
            # Besides ftrace: an error code, or the dummy of early_idt_handler_array.
            possible: tuple[Origin, ...] = (Origin.FTRACE, *FAULT_ORIGINS)
        else:
            possible = (Origin.FTRACE, Origin.FTRACE_ARGS)
        return Told(Origin.UNKNOWN, evidence, (*possible, *((Origin.SYSCALL,) if entry else ())))
    return Told(Origin.UNKNOWN, evidence)


def _number_evidence(number: int | None) -> tuple[Evidence, ...]:
    if number == -1:
        text = "orig_ax is -1, as every exception, interrupt, optimised probe and return probe has"
        return (Evidence("log-number-minus-one", text),)
    if number == 0:
        text = "orig_ax is 0: no int3, optimised kprobe or kretprobe, which all leave -1"
        return (Evidence("log-number-zero", text),)
    return ()


def old_interrupt(number: int, era: Era) -> Told:
    """The interrupt whose vector orig_ax complements, -1 - vector."""
    vector = -number - 1
    system = era.is_system_vector(vector)
    name = era.vector_name(vector)
    text = f"orig_ax is {number}, the complement of vector {vector:#x}: entry code up to 5.7"
    if system is not None:
        text += f"; {name or 'a system vector' if system else 'a vector of devices'}"
    evidence = (Evidence("log-vector", text),)
    if system is None:
        return Told(Origin.UNKNOWN, evidence, INTERRUPTS, vector, Delivery.IDT)
    return Told(Origin.SYSVEC if system else Origin.IRQ, evidence, (), vector, Delivery.IDT)
