# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headlines: lines that say what happened, and which frame follows.

Only lines that report something are headlines: what a boot prints of its watchdogs, and what the
unwinder says of itself (``WARNING: can't access registers``, unwind_orc.c), is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from inspector.model.origin import Origin, origin_of


class Part(Enum):
    """The relation of a headline to its neighbours."""

    BEGINS = "begins a report"
    GOES_ON = "goes on with the report that a line before it began"
    FRAME = "announces a further frame of the same report"
    ENDS = "ends a report, or is one of its own"


@dataclass(frozen=True, slots=True)
class Headline:
    """:ivar kind: what it reports, a stable word
    :ivar origins: what can have made the frame printed under it; empty: the line does not tell
    :ivar vector: of the exception
    :ivar error_code: if the line has it
    :ivar why: for the evidence
    """

    number: int
    text: str
    kind: str
    part: Part
    origins: tuple[Origin, ...]
    vector: int | None
    error_code: int | None
    why: str


@dataclass(frozen=True, slots=True)
class _Kind:
    pattern: re.Pattern[str]
    kind: str
    part: Part
    origins: tuple[Origin, ...] = ()
    vector: int | None = None
    why: str = ""


def _exception(words: str, vector: int, origin: Origin, name: str) -> _Kind:
    """:param words: as die() prints them, arch/x86/kernel/traps.c"""
    pattern = re.compile(rf"(?:Oops: )?(?:{words})(?:, [^:]*)?: ([0-9a-f]{{4}}) \[#?\d")
    kind = name.lower().replace(" ", "-")
    return _Kind(pattern, kind, Part.GOES_ON, (origin,), vector, f"{name}: die() prints its frame")


_TIMER = (Origin.SYSVEC, Origin.IRQ)
_IRQ_REGS = "get_irq_regs(): the frame of the interrupt in which this was noticed"
_PAGE_FAULT = "#PF that no handler could resolve"
_NMI_ASKED = "the CPU was asked by an NMI, and prints that frame"
_UD2 = "the CPU refuses the instruction that stands there (ud2): #UD, and the frame is its own"
_DOG = r"(?:NMI )?watchdog: "


def _report(kind: str, pattern: str) -> _Kind:
    """A report whose own frame, if one follows, is told by its trace."""
    return _Kind(re.compile(pattern), kind, Part.BEGINS)


# The first that matches is taken.
_KINDS = (
    _Kind(
        re.compile(
            r"(?:BUG: )?(?:unable|Unable) to handle (?:kernel |page fault)"
            r"|BUG: kernel NULL pointer dereference"
            r"|BUG: supervisor \w+ access"
        ),
        "page-fault",
        Part.BEGINS,
        (Origin.PAGE_FAULT,),
        14,
        _PAGE_FAULT,
    ),
    _Kind(
        re.compile(r"(?:Oops: )?(?:Oops|Bad pagetable): ([0-9a-f]{4}) \[#?\d"),
        "page-fault",
        Part.GOES_ON,
        (Origin.PAGE_FAULT,),
        14,
        "#PF: its Oops line has the error code",
    ),
    _Kind(
        re.compile(r"BUG: (?:\w+ )?stack guard page was hit"),
        "stack-overflow",
        Part.BEGINS,
        (Origin.PAGE_FAULT, Origin.DOUBLE_FAULT),
        None,
        "the guard page below the stack was hit: #PF, or #DF where the CPU could push no frame",
    ),
    _Kind(
        re.compile(r"(?:Oops: )?kernel stack overflow \(page fault\)"),
        "stack-overflow",
        Part.GOES_ON,
        (Origin.PAGE_FAULT,),
        14,
        "#PF in the guard page below the stack",
    ),
    _Kind(
        re.compile(r"(?:Oops: )?kernel stack overflow \(double-fault\)"),
        "stack-overflow",
        Part.GOES_ON,
        (Origin.DOUBLE_FAULT,),
        8,
        "#DF, which the CPU takes on a stack of its own",
    ),
    _Kind(
        re.compile(r"(?:Oops: )?stack guard page: [0-9a-f]{4} \[#"),
        "stack-overflow",
        Part.GOES_ON,
        (Origin.PAGE_FAULT, Origin.DOUBLE_FAULT),
        None,
        "handle_stack_overflow() is called by the handlers of #PF and of #DF",
    ),
    _Kind(
        re.compile(r"(?:traps: )?PANIC: double fault, error_code: 0x([0-9a-f]+)"),
        "double-fault",
        Part.BEGINS,
        (Origin.DOUBLE_FAULT,),
        8,
        "#DF, which the CPU takes on a stack of its own",
    ),
    _exception("double fault", 8, Origin.DOUBLE_FAULT, "double fault"),
    _exception(
        r"(?:segment-related )?general protection(?: fault)?(?: maybe for address \w+)?",
        13,
        Origin.GENERAL_PROTECTION,
        "general protection",
    ),
    _Kind(
        re.compile(r"[Kk]ernel BUG at "),
        "bug",
        Part.BEGINS,
        (Origin.EXCEPTION,),
        6,
        f"BUG(): {_UD2}",
    ),
    _exception(r"invalid opcode|invalid operand", 6, Origin.EXCEPTION, "invalid opcode"),
    _exception(r"divide[ _]error", 0, Origin.EXCEPTION, "divide error"),
    _exception("int3", 3, Origin.INT3, "int3"),
    _exception("overflow", 4, Origin.EXCEPTION, "overflow"),
    _exception("bounds", 5, Origin.EXCEPTION, "bounds"),
    _exception("(?:unexpected #NM exception|device not available)", 7, Origin.EXCEPTION, "#NM"),
    _exception("coprocessor segment overrun", 9, Origin.EXCEPTION, "coprocessor segment overrun"),
    _exception("invalid TSS", 10, Origin.EXCEPTION, "invalid TSS"),
    _exception("segment not present", 11, Origin.EXCEPTION, "segment not present"),
    _exception("stack segment", 12, Origin.EXCEPTION, "stack segment"),
    _exception("fpu exception", 16, Origin.EXCEPTION, "fpu exception"),
    _exception("alignment check", 17, Origin.EXCEPTION, "alignment check"),
    _exception("simd exception", 19, Origin.EXCEPTION, "simd exception"),
    _exception("control protection(?: fault)?", 21, Origin.EXCEPTION, "control protection"),
    _Kind(
        re.compile(r"PANIC: early exception (?:0x)?([0-9a-f]{1,2}) (?:IP|rip) "),
        "early-exception",
        Part.BEGINS,
        why="early_fixup_exception() names the vector and prints that frame",
    ),
    _Kind(
        re.compile(
            r"WARNING: (?:CPU: \d+ PID: \d+ at |at \S|\S+:\d+ at |CPU: \d+ at )"
            r"|WARNING: \S+ at \S+:\d+"
        ),
        "warning",
        Part.BEGINS,
        (Origin.EXCEPTION,),
        6,
        f"WARN(): {_UD2}",
    ),
    _Kind(
        re.compile(rf"(?:{_DOG})?BUG: soft lockup - CPU#"),
        "soft-lockup",
        Part.BEGINS,
        _TIMER,
        None,
        _IRQ_REGS,
    ),
    _Kind(
        re.compile(r"(?:rcu: )?INFO: (?:rcu_\w+ )+self-detected (?:expedited )?stall"),
        "rcu-stall",
        Part.BEGINS,
        _TIMER,
        None,
        _IRQ_REGS,
    ),
    _report("rcu-stall", r"(?:rcu: )?INFO: rcu_\w+ (?:\w+ )?detected"),
    _Kind(
        re.compile(r"NMI backtrace for cpu \d+(?! skipped)"),
        "nmi-backtrace",
        Part.FRAME,
        (Origin.NMI,),
        2,
        _NMI_ASKED,
    ),
    _Kind(
        re.compile(rf"(?:{_DOG})?Watchdog detected hard LOCKUP"),
        "hard-lockup",
        Part.BEGINS,
        (Origin.NMI,),
        2,
        "the watchdog's NMI found it; the frame is the NMI's",
    ),
    _Kind(
        re.compile(r"NMI: (?:PCI system error|IOCK error|Not continuing)"),
        "nmi",
        Part.BEGINS,
        (Origin.NMI,),
        2,
        "an NMI's handler prints its frame",
    ),
    _Kind(
        re.compile(r"(?:sysrq: )?(?:SysRq : )?Show Regs$"),
        "show-regs",
        Part.BEGINS,
        _TIMER,
        None,
        "get_irq_regs(): the interrupt that brought the key",
    ),
    _report("msr-access", r"unchecked MSR access error"),
    _Kind(re.compile(r"Kernel panic - not syncing"), "panic", Part.ENDS),
    _report("sysrq", r"(?:sysrq: |SysRq : )"),
    _report("hung-task", r"INFO: task .+ blocked (?:(?:on|in) .+ )?for more than"),
    _report("kasan", r"BUG: KASAN: "),
    _report("kfence", r"BUG: KFENCE: "),
    _report("kmsan", r"BUG: KMSAN: "),
    _report("kcsan", r"BUG: KCSAN: "),
    _report("ubsan", r"UBSAN: "),
    _report(
        "lockdep",
        r"(?:WARNING|INFO): (?:possible |suspicious RCU|bad unlock|inconsistent lock|Nested lock"
        r"|lock held|\[?inconsistent|trying to register|\w+/\d+ (?:is |still ))"
        r"|BUG: (?:Invalid wait context|MAX_LOCK|held lock)|\[ (?:INFO|BUG): ",
    ),
    _report(
        "atomic-sleep",
        r"BUG: (?:sleeping function|scheduling while atomic|using (?:__this_cpu|smp_processor_id))",
    ),
    _report("bad-page", r"BUG: Bad (?:page|rss)"),
    _report("workqueue-lockup", r"BUG: workqueue lockup"),
    _report("lock-bug", r"BUG: (?:spinlock|rwlock|rt mutex|soft|mutex|\S+ lock)"),
    _report("memory-leak", r"BUG: memory leak"),
    _report("allocation-failure", r".*: page allocation (?:failure|stalls)"),
    _report("out-of-memory", r".* invoked oom-killer"),
    _report("bug", r"BUG: "),
)

_FIRST_WORDS = re.compile(
    r"BUG|Unable|unable|Oops|Bad|kernel|stack|traps|PANIC|double|segment|general|invalid|divide"
    r"|int3|overflow|bounds|unexpected|device|coproc|fpu|align|simd|control|WARNING|NMI|watchdog"
    r"|INFO|rcu|sysrq|SysRq|Show|unchecked|Kernel|UBSAN|Watchdog|\[ (?:INFO|BUG)"
)
_EARLY_CODE = re.compile(r" error ([0-9a-f]+)")
_UNWINDER = re.compile(
    r"WARNING: (?:can't |kernel stack|stack (?:recursion|going)|unrecognized|unknown|unhandled)"
)


def headline(number: int, text: str) -> Headline | None:
    """The line as one that says what happened, or None."""
    if not _FIRST_WORDS.match(text) and "page allocation" not in text and "oom-k" not in text:
        return None
    if text.startswith("WARNING") and _UNWINDER.match(text):
        return None
    for kind in _KINDS:
        if found := kind.pattern.match(text):
            return _of(kind, number, text, found)
    return None


def _of(kind: _Kind, number: int, text: str, found: re.Match[str]) -> Headline:
    code = int(found[1], 16) if found.re.groups and found[1] else None
    origins, vector = kind.origins, kind.vector
    if kind.kind == "early-exception":
        vector, code = code, None
        origins = (origin_of(vector),)
        if error := _EARLY_CODE.search(text):
            code = int(error[1], 16)
    return Headline(number, text.strip(), kind.kind, kind.part, origins, vector, code, kind.why)


_AT_ONCE = 6  # lines between the headlines of two CPUs that report at once


def begin_at_once(waits: Headline | None, said: Headline) -> bool:
    """Whether two CPUs report at once, so that the next frame may be of either."""
    return (
        waits is not None
        and said.part is Part.BEGINS
        and bool(waits.origins)
        and bool(said.origins)
        and set(waits.origins) != set(said.origins)
        and said.number - waits.number < _AT_ONCE
    )


def goes_on(waits: Headline, said: Headline) -> bool:
    """Whether ``said`` may be about the same as the line before it."""
    if waits.part is Part.ENDS or waits.kind in ("sysrq", "show-regs"):
        return False
    return not waits.origins or bool(set(waits.origins) & set(said.origins))


def of_both(first: Headline | None, second: Headline) -> Headline:
    """The second line, where the next frame may be of the first as well."""
    others = tuple(o for o in (first.origins if first else ()) if o not in second.origins)
    why = "two reports begin at once, and the next frame may belong to either"
    origins = (*second.origins, *others)
    return replace(second, origins=origins, vector=None, error_code=None, why=why)


def together(first: Headline, second: Headline) -> Headline:
    """Merge two headlines of one event: the words of the first, the facts of both."""
    both = tuple(origin for origin in first.origins if origin in second.origins)
    return replace(
        first,
        origins=both or second.origins,
        vector=second.vector if second.vector is not None else first.vector,
        error_code=first.error_code if second.error_code is None else second.error_code,
        why=first.why if first.origins == second.origins else second.why,
        kind=first.kind if first.origins else second.kind,
    )
