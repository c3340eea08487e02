# SPDX-License-Identifier: LGPL-2.1-or-later
"""What put a frame of a log where it was: rules over what the text tells, surest first."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.facts.addresses import ANY_KERNEL_LOW
from inspector.model.evidence import Evidence
from inspector.model.oops import Shape
from inspector.model.origin import Origin
from inspector.model.registers import as_int64
from inspector.oops.opcodes import entering, planted
from inspector.oops.raw import RawFrame
from inspector.oops.trace import entry_code

_USER32_CS = 0x23  # __USER32_CS, asm/segment.h
_ENTRY_ONLY = frozenset({Origin.SYSCALL, Origin.SYSCALL32})
_TRAMPOLINES = ("kretprobe_trampoline", "__kretprobe_trampoline", "arch_rethook_trampoline")
HAVE_ERROR_CODE = frozenset({8, 10, 11, 12, 13, 14, 17, 21, 29, 30})  # the CPU pushes one
_LEAVES_MINUS_ONE = (
    Origin.PAGE_FAULT,
    Origin.GENERAL_PROTECTION,
    Origin.INT3,
    Origin.OPTPROBE,
    Origin.KRETPROBE,
    Origin.IRQ,
    Origin.SYSVEC,
    Origin.NMI,
    Origin.EXCEPTION,
)
_USER_MINUS_ONE = (
    Origin.PAGE_FAULT,
    Origin.EXCEPTION,
    Origin.IRQ,
    Origin.SYSVEC,
    Origin.NMI,
    Origin.SYSCALL,
)
_OLD_VECTORS = range(-256, -32)  # ~vector, which the entry code left there up to 5.7


@dataclass(frozen=True, slots=True)
class Told:
    """:ivar possible: what is left open, where ``origin`` is unknown"""

    origin: Origin
    evidence: tuple[Evidence, ...]
    possible: tuple[Origin, ...] = ()
    vector: int | None = None


def orig_ax(raw: RawFrame) -> int | None:
    """``orig_ax`` as a signed number; None where the text does not tell.

    __show_regs() leaves ORIG_RAX out where it is -1 (since 4.10), so that a whole block without
    it tells it all the same.
    """
    if "orig_ax" in raw.registers:
        return as_int64(raw.registers["orig_ax"])
    whole = raw.shape is Shape.REGISTERS and raw.beginning and "flags" in raw.registers
    return -1 if whole else None


def user_mode(raw: RawFrame) -> bool | None:
    """Whether the frame is of user mode; None where no cs is told."""
    if raw.shape is Shape.TRAP_LINE:
        return True
    cs = raw.registers.get("cs")
    return None if cs is None else bool(cs & 3)


def verdict(raw: RawFrame) -> Told:
    """The origin with its evidence."""
    told = _by_trace(raw) or _by_headline(raw)
    if told is None:
        mode = user_mode(raw)
        told = _user(raw) if mode else _kernel(raw) if mode is False else _modeless(raw)
    return _checked(raw, told)


def _by_trace(raw: RawFrame) -> Told | None:
    if raw.entered is None:
        return None
    code = entry_code(raw.entered.symbol)
    if code is None:
        return None
    text = (
        f"line {raw.entered.number}: {raw.entered.symbol} stands just before the frame in the"
        " trace: its call was given the frame"
    )
    return Told(code.origin, (Evidence("trace", text),), vector=code.vector)


def _by_headline(raw: RawFrame) -> Told | None:
    said = raw.headline
    if said is None or not said.origins or raw.entered is not None:
        return None
    evidence = Evidence("headline", f"line {said.number}: {said.why}")
    if len(said.origins) == 1:
        return Told(said.origins[0], (evidence,), vector=said.vector)
    return Told(Origin.UNKNOWN, (evidence,), said.origins)


def _user(raw: RawFrame) -> Told:
    registers, number = raw.registers, orig_ax(raw)
    if number == -1:
        text = "orig_ax is -1: an exception or interrupt of user mode, or a call after sigreturn"
        return Told(Origin.UNKNOWN, (Evidence("orig-ax", text),), _USER_MINUS_ONE)
    if number is not None and number in _OLD_VECTORS:
        return _old_interrupt(number)
    if led := entering(raw.code[0]) if raw.code else None:
        name, origin = led
        if origin is Origin.SYSCALL and registers.get("cs") == _USER32_CS:
            origin = Origin.SYSCALL32
        return Told(origin, (Evidence("code", f"the two bytes before ip are {name}"),))
    if _as_syscall_leaves_them(raw):
        text = "rcx is ip and r11 is the flags, as the SYSCALL instruction leaves them"
        return Told(Origin.SYSCALL, (Evidence("rcx-r11", text),))
    possible: tuple[Origin, ...] = (Origin.SYSCALL, Origin.FORK_CHILD, Origin.EXEC)
    if registers.get("cs") == _USER32_CS:
        possible = (Origin.SYSCALL32, Origin.INT80)
    text = "user mode, and orig_ax is no -1: the entry frame of a call, by which way is not told"
    return Told(Origin.UNKNOWN, (Evidence("cs", text),), possible)


def _as_syscall_leaves_them(raw: RawFrame) -> bool:
    told = raw.registers
    if not {"cx", "ip", "r11", "flags"} <= told.keys():
        return False
    return told["cx"] == told["ip"] and told["r11"] == told["flags"]


def _kernel(raw: RawFrame) -> Told:
    number = orig_ax(raw)
    if any(raw.place.startswith(f"{name}+") for name in _TRAMPOLINES):
        text = "ip is in the trampoline through which a probed function returns"
        return Told(Origin.KRETPROBE, (Evidence("place", text),))
    if number is not None and number in _OLD_VECTORS:
        return _old_interrupt(number)
    if raw.code and not raw.place.partition("/")[0].endswith("+0x0"):
        found = planted(raw.code)
        if found is not None and _agrees(found[1], number):
            text = f"one byte before ip stands {found[0]}, by the Code line"
            return Told(found[1], (Evidence("code", text), *_number_evidence(number)))
    return _by_number(number)


def _agrees(origin: Origin, number: int | None) -> bool:
    """ftrace_regs_caller stores 0 (or a direct trampoline's address), int3 and optprobe -1."""
    return number is not None and (number == -1) == (origin is not Origin.FTRACE)


def _modeless(raw: RawFrame) -> Told:
    number, ax = orig_ax(raw), raw.registers.get("ax")
    if number is not None and 0 <= number < 1024 and ax is not None and -4096 < as_int64(ax) < 0:
        text = f"orig_ax {number} with an error in ax ({as_int64(ax)}): a call's entry frame"
        possible = (Origin.SYSCALL, Origin.SYSCALL32, Origin.INT80)
        return Told(Origin.UNKNOWN, (Evidence("orig-ax", text),), possible)
    # In a call's entry frame ax is user's or a result: no address of the kernel's half.
    return _by_number(number, entry=ax is None or ax < ANY_KERNEL_LOW)


def _by_number(number: int | None, entry: bool = False) -> Told:
    if number is None:
        return Told(Origin.UNKNOWN, (Evidence("orig-ax", "the text does not tell orig_ax"),))
    evidence = _number_evidence(number)
    if number == -1:
        return Told(Origin.UNKNOWN, evidence, _LEAVES_MINUS_ONE)
    if number == 0:
        possible = (Origin.FTRACE, Origin.FTRACE_ARGS, *((Origin.SYSCALL,) if entry else ()))
        return Told(Origin.UNKNOWN, evidence, possible)
    return Told(Origin.UNKNOWN, evidence)


def _number_evidence(number: int | None) -> tuple[Evidence, ...]:
    if number == -1:
        text = "orig_ax is -1, as every exception, interrupt, optimised probe and return probe has"
    elif number == 0:
        text = (
            "orig_ax is 0: this rules out int3, an optimised kprobe and a kretprobe, which all"
            " leave -1; ftrace_regs_caller stores 0 (since 5.5)"
        )
    else:
        return ()
    return (Evidence("orig-ax", text),)


def _old_interrupt(number: int) -> Told:
    vector = -number - 1
    text = f"orig_ax is {number}, the complement of vector {vector}: entry code up to 5.7"
    evidence = (Evidence("orig-ax", text),)
    return Told(Origin.UNKNOWN, evidence, (Origin.IRQ, Origin.SYSVEC), vector)


def _checked(raw: RawFrame, told: Told) -> Told:
    """A SYSCALL never interrupts the kernel: what says so is not believed."""
    if user_mode(raw) is False and told.origin in _ENTRY_ONLY:
        text = f"cs is the kernel's, which a {told.origin.value} frame cannot have: cut or mixed up"
        return Told(Origin.UNKNOWN, (*told.evidence, Evidence("contradiction", text)))
    return told
