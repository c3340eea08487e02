# SPDX-License-Identifier: LGPL-2.1-or-later
"""Meanings of registers in a log's frame: as for a frame in a dump, as far as they apply.

A text has no memory to look at: a number is called an address only where the register's job says
so. What entry code clears or leaves unwritten differs by era, and is said only where it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from inspector.explain.registers import phrase
from inspector.explain.values import decoded
from inspector.facts.addresses import USER_HIGH
from inspector.facts.cpu import HAVE_ERROR_CODE, USER32_CS
from inspector.facts.uapi import X32_SYSCALL_BIT, Abi, names
from inspector.logs.block import GENERAL, RawFrame
from inspector.logs.eras import PLAIN_FASTPATH, Era
from inspector.logs.told import KERNEL_HALF, Told, orig_ax, user_mode
from inspector.logs.trace import FAST_PATHS
from inspector.model.access import Context, Pointer, PointsTo
from inspector.model.evidence import Evidence
from inspector.model.frame import FoundIn, Frame, Syscall
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_NAMES, Absent, Registers, Why, as_int32, as_int64
from inspector.model.report import RegisterMeaning

_ORDER = ("orig_ax", "ax", *(n for n in REGISTER_NAMES if n not in ("orig_ax", "ax")))
# What they mean is told by the frame's origin alone; ax, cx and r11 are held against others.
_PLAIN = GENERAL - {"ax", "cx", "r11"}
_UNWRITTEN = frozenset({"bx", "bp", "r12", "r13", "r14", "r15"})
_LEFT_OVER = Evidence(
    "log-fast-path-left-over",
    "not written by the entry code's fast path: what lies there is left over",
)
_MAY_BE_LEFT_OVER = Evidence(
    "log-fast-path-may-be-left-over",
    "user space's, where this era's entry code writes it; its fast path does not",
)
_LIVE = Evidence("log-live-interrupted", "live in the kernel's code at ip")
_FAULTED = Evidence("log-faulted", "the instruction that raised the exception")
_NULL = Evidence("log-null-selector", "the null selector")
_COMPLEMENT = Evidence(
    "log-vector-complement",
    "the complement of the interrupt's vector: entry code up to 5.7 leaves it there",
)
_DUMMY = Evidence(
    "log-dummy-code", "a dummy where the exception has no error code, of the early boot's entry"
)
_CONTEXT = Context()
_NOT_APPLICABLE = Absent(Why.NOT_APPLICABLE)


def syscall_of(raw: RawFrame, origin: Origin, era: Era) -> Syscall | None:
    """The call that a user frame's orig_ax names, where its table is known."""
    number = orig_ax(raw, era)
    if number is None or not (origin.is_syscall or origin in (Origin.FORK_CHILD, Origin.EXEC)):
        return None
    nr = as_int32(number % (1 << 64))
    if nr < 0:
        return None
    compat = origin in (Origin.SYSCALL32, Origin.INT80) or raw.registers.get("cs") == USER32_CS
    abi = Abi.IA32 if compat else Abi.X32 if nr & X32_SYSCALL_BIT else Abi.X86_64
    nr &= ~X32_SYSCALL_BIT if abi is Abi.X32 else -1
    return Syscall(nr, abi, names(abi).get(nr), None)


def meanings_of(
    raw: RawFrame, told: Told, syscall: Syscall | None, era: Era
) -> tuple[RegisterMeaning, ...]:
    """The registers that the text tells, orig_ax and ax first."""
    registers = dict(raw.registers)
    number = orig_ax(raw, era)
    if number is not None:
        registers["orig_ax"] = number % (1 << 64)
    user = bool(user_mode(raw))
    frame = _as_frame(registers, user, told, syscall)
    unwritten = _left_unwritten(raw, told, era)
    return tuple(
        _plain(told.origin, user, syscall is not None, name, unwritten)
        if name in _PLAIN
        else _meaning(frame, name, user)
        for name in _ORDER
        if name in registers and not (name == "orig_ax" and _stale(told.origin, number))
    )


def _stale(origin: Origin, number: int | None) -> bool:
    """Whether ftrace's entry did not write the slot: it does since 5.5, and writes 0."""
    return origin in (Origin.FTRACE, Origin.FTRACE_ARGS) and number != 0


def _meaning(frame: Frame, name: str, user: bool) -> RegisterMeaning:
    value = frame.registers[name]
    shown = decoded(frame, name, _pointer(name, value, user))
    if frame.origin is Origin.UNKNOWN:
        return RegisterMeaning(name, shown, None)
    return RegisterMeaning(name, shown, _own(frame, name, user) or phrase(frame, name, _CONTEXT))


def _own(frame: Frame, name: str, user: bool) -> Evidence | None:
    """The meaning in a log where it differs from that in a dump; else None."""
    value = frame.registers[name]
    if name == "orig_ax" and frame.origin.is_trap:
        return _of_trap(frame, as_int64(value))
    if name == "ip" and frame.origin is Origin.PAGE_FAULT:
        return _FAULTED
    if name == "ss" and value == 0 and not user:
        return _NULL
    live = name in GENERAL and name != "ax" and not user and frame.origin is not Origin.KRETPROBE
    return _LIVE if live else None


def _of_trap(frame: Frame, number: int) -> Evidence | None:
    if frame.vector is not None and number == ~frame.vector:
        return _COMPLEMENT
    if number == 0 and frame.vector is not None and frame.vector not in HAVE_ERROR_CODE:
        return _DUMMY
    return None


@lru_cache(maxsize=4096)
def _plain(
    origin: Origin, user: bool, called: bool, name: str, unwritten: Evidence | None
) -> RegisterMeaning:
    """The meaning of a register that does not depend on any value."""
    if origin is Origin.UNKNOWN:
        return RegisterMeaning(name, "", None)
    if unwritten is not None and name in _UNWRITTEN:
        return RegisterMeaning(name, "", unwritten)
    if not user and origin is not Origin.KRETPROBE:
        return RegisterMeaning(name, "", _LIVE)
    syscall = Syscall(0, Abi.X86_64, None, None) if called else None
    frame = _as_frame({name: 0}, user, Told(origin, ()), syscall)
    return RegisterMeaning(name, "", phrase(frame, name, _CONTEXT))


def _left_unwritten(raw: RawFrame, told: Told, era: Era) -> Evidence | None:
    """What six registers of a call's frame hold where the entry may not have written them."""
    if told.origin is not Origin.SYSCALL:
        return None
    entry = raw.entered.symbol if raw.entered else None
    if entry is None:
        return _MAY_BE_LEFT_OVER if era.has(PLAIN_FASTPATH) is False else None
    fast = FAST_PATHS.fullmatch(entry) is not None
    return (_MAY_BE_LEFT_OVER if raw.stubs else _LEFT_OVER) if fast else None


def _as_frame(
    registers: Mapping[str, int], user: bool, told: Told, syscall: Syscall | None
) -> Frame:
    return Frame(
        address=0,
        origin=told.origin,
        user_mode=user,
        stack=None,
        found_in=FoundIn.NOTE,
        cpu=None,
        task=None,
        registers=Registers(*(registers.get(name, 0) for name in REGISTER_NAMES)),
        evidence=told.evidence,
        absent={name: _NOT_APPLICABLE for name in REGISTER_NAMES if name not in registers},
        syscall=syscall,
        vector=told.vector,
    )


def _pointer(name: str, value: int, user: bool) -> Pointer | None:
    """By the register's job: only ip and sp are addresses for sure."""
    if name not in ("ip", "sp"):
        return None
    if user:
        return Pointer(PointsTo.USER) if 0 < value < USER_HIGH[4] else None
    return Pointer(PointsTo.KERNEL) if value >= KERNEL_HALF else None
