# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines by which a kernel says what happened, and which frame it then prints first."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inspector.model.origin import Origin

_TIMER = (Origin.SYSVEC, Origin.IRQ)


@dataclass(frozen=True, slots=True)
class Headline:
    """:ivar origins: what can have made the frame printed under it; empty: the line does not tell
    :ivar vector: of the exception
    :ivar error_code: if the line has it
    :ivar why: for the evidence
    """

    number: int
    text: str
    origins: tuple[Origin, ...]
    vector: int | None
    error_code: int | None
    why: str


@dataclass(frozen=True, slots=True)
class _Kind:
    pattern: re.Pattern[str]
    origins: tuple[Origin, ...]
    vector: int | None
    why: str


def _kind(pattern: str, origins: tuple[Origin, ...], vector: int | None, why: str) -> _Kind:
    return _Kind(re.compile(pattern), origins, vector, why)


def _exception(words: str, vector: int, origin: Origin, name: str) -> _Kind:
    """:param words: as die() prints them, arch/x86/kernel/traps.c"""
    return _kind(rf"(?:Oops: )?{words}\b", (origin,), vector, f"{name}: die() prints its frame")


_UD2 = "the instruction is ud2 (or ud1), which the CPU refuses: #UD; the frame is that exception's"
_IRQ_REGS = "get_irq_regs(): the frame of the timer's interrupt, in which this was noticed"
_DF = "#DF, which the CPU takes on a stack of its own"

# The first that matches is taken.
_KINDS = (
    _kind(r"BUG: (?:\w+ )?stack guard page was hit", (Origin.DOUBLE_FAULT,), 8, _DF),
    _kind(r"kernel stack overflow", (Origin.DOUBLE_FAULT,), 8, _DF),
    _kind(r"(?:Oops: )?stack guard page", (Origin.DOUBLE_FAULT,), 8, _DF),
    _kind(r"(?:traps: )?PANIC: double fault", (Origin.DOUBLE_FAULT,), 8, _DF),
    _exception(r"double fault", 8, Origin.DOUBLE_FAULT, "#DF"),
    _kind(
        r"BUG: (?:kernel NULL pointer|unable to handle)",
        (Origin.PAGE_FAULT,),
        14,
        "#PF that no handler could resolve",
    ),
    _kind(r"Oops: [0-9a-f]{4} \[#", (Origin.PAGE_FAULT,), 14, "#PF: its Oops line has the code"),
    _exception(r"general protection(?: fault)?", 13, Origin.GENERAL_PROTECTION, "#GP"),
    _kind(r"kernel BUG at ", (Origin.EXCEPTION,), 6, f"BUG(): {_UD2}"),
    _exception(r"invalid opcode", 6, Origin.EXCEPTION, "#UD"),
    _exception(r"divide error", 0, Origin.EXCEPTION, "#DE"),
    _exception(r"int3", 3, Origin.INT3, "#BP that no kprobe claimed"),
    _exception(r"stack segment", 12, Origin.EXCEPTION, "#SS"),
    _exception(r"segment not present", 11, Origin.EXCEPTION, "#NP"),
    _exception(r"invalid TSS", 10, Origin.EXCEPTION, "#TS"),
    _exception(r"alignment check", 17, Origin.EXCEPTION, "#AC"),
    _exception(r"control protection fault", 21, Origin.EXCEPTION, "#CP"),
    _exception(r"simd exception", 19, Origin.EXCEPTION, "#XM"),
    _exception(r"machine check", 18, Origin.MACHINE_CHECK, "#MC"),
    _kind(r"WARNING: (?:CPU: \d+ |.*(?: at |\+0x))", (Origin.EXCEPTION,), 6, f"WARN(): {_UD2}"),
    _kind(r"(?:watchdog: )?BUG: soft lockup", _TIMER, None, _IRQ_REGS),
    _kind(r"rcu: INFO: \S+ (?:self-)?detected", _TIMER, None, _IRQ_REGS),
    _kind(r"INFO: rcu_\w+ (?:self-)?detected", _TIMER, None, _IRQ_REGS),
    _kind(
        r"NMI backtrace for cpu",
        (Origin.NMI,),
        2,
        "the CPU was asked by an NMI, and prints that frame",
    ),
    _kind(
        r".*(?:hard LOCKUP|NMI watchdog)",
        (Origin.NMI,),
        2,
        "the watchdog's NMI found it; the frame is the NMI's",
    ),
    _kind(r"sysrq: Show Regs", _TIMER, None, "get_irq_regs(): the interrupt that brought the key"),
    _kind(
        r"unchecked MSR access error",
        (Origin.GENERAL_PROTECTION,),
        13,
        "#GP of an access to a model-specific register",
    ),
    _kind(r"Kernel panic - not syncing", (), None, "panic() prints a trace, and no frame"),
    _kind(r"sysrq: ", (), None, "a key of sysrq"),
    _kind(r"(?:INFO: )?task \S+ blocked for more than", (), None, "a sleeping task is printed"),
)

_CODE = re.compile(r"(?:Oops|fault.*|error|opcode|segment|int3|TSS|check): ([0-9a-f]{4}) \[#")


def headline(number: int, text: str) -> Headline | None:
    """The line as one that says what happened, or None."""
    for kind in _KINDS:
        if kind.pattern.match(text):
            code = _CODE.search(text)
            error = int(code[1], 16) if code else None
            return Headline(number, text, kind.origins, kind.vector, error, kind.why)
    return None
