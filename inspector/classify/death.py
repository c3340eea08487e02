# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel died of, from the calls and frames on the stacks of the CPU that crashed.

The calls between an interrupted place and the code that crashed the kernel say why it did; what
the kernel printed decides only where the stacks do not tell (which CPU a watchdog complained of).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from inspector.facts.cpu import VECTOR_NAMES
from inspector.model.frame import FoundIn, Frame
from inspector.model.machine import DeathKind, KilledBy, SurvivedOops
from inspector.model.origin import Origin
from inspector.model.stack import CallFrame
from inspector.model.task import Task

# arch/x86/kernel/dumpstack.c, traps.c, arch/x86/mm/fault.c: all of them end in oops_end().
_OOPS = frozenset(
    {
        "oops_begin",
        "oops_end",
        "die",
        "die_addr",
        "__die",
        "__die_body",
        "__die_header",
        "page_fault_oops",
        "no_context",
        "handle_stack_overflow",
    }
)
_PANIC = frozenset({"panic", "vpanic", "nmi_panic"})

# The functions between panic() and what it interrupted, and what they say. The first that is
# there decides: kernel/panic.c, kernel/watchdog*.c, kernel/rcu/tree_stall.h, arch/x86/kernel/nmi.c.
_BY_FUNCTION: tuple[tuple[frozenset[str], DeathKind], ...] = (
    (frozenset({"mce_panic", "do_machine_check"}), DeathKind.MACHINE_CHECK),
    (
        frozenset(
            {
                "watchdog_hardlockup_check",
                "watchdog_buddy_check_hardlockup",
                "watchdog_overflow_callback",
            }
        ),
        DeathKind.HARD_LOCKUP,
    ),
    (
        frozenset(
            {
                "panic_on_rcu_stall",
                "print_cpu_stall",
                "print_other_cpu_stall",
                "check_cpu_stall",
            }
        ),
        DeathKind.STALL,
    ),
    (frozenset({"__warn", "warn_slowpath_fmt", "__report_bug", "report_bug"}), DeathKind.WARN),
    (frozenset({"unknown_nmi_error", "pci_serr_error", "io_check_error"}), DeathKind.NMI),
    (frozenset({"check_hung_uninterruptible_tasks", "check_hung_task"}), DeathKind.HUNG_TASK),
    (frozenset({"out_of_memory", "check_panic_on_oom"}), DeathKind.OUT_OF_MEMORY),
    (frozenset({"sysrq_handle_crash"}), DeathKind.SYSRQ),
)

# What the kernel itself tells panic(): where a compiler has inlined the function that says it.
_BY_MESSAGE: tuple[tuple[re.Pattern[str], DeathKind], ...] = (
    (re.compile(r"RCU Stall$"), DeathKind.STALL),
    (re.compile(r"softlockup: hung tasks$"), DeathKind.LOCKUP),
    (re.compile(r"Hard LOCKUP$"), DeathKind.HARD_LOCKUP),
    (re.compile(r"hung_task: blocked tasks$"), DeathKind.HUNG_TASK),
    (re.compile(r"Out of memory: |System is deadlocked on memory"), DeathKind.OUT_OF_MEMORY),
    (re.compile(r"out of memory\. Compulsory panic_on_oom"), DeathKind.OUT_OF_MEMORY),
    (re.compile(r"(?:\S+: )?panic_on_warn set"), DeathKind.WARN),
    (re.compile(r"NMI(?: IOCK error)?: Not continuing$"), DeathKind.NMI),
    (re.compile(r"sysrq triggered crash$"), DeathKind.SYSRQ),
    (re.compile(r"Fatal (?:local )?[Mm]achine check"), DeathKind.MACHINE_CHECK),
)

# Kinds that are about the code which a frame interrupted, and what such a frame may be.
_OF_A_FRAME = {
    DeathKind.MACHINE_CHECK: (Origin.MACHINE_CHECK,),
    DeathKind.WARN: (Origin.EXCEPTION,),
    DeathKind.LOCKUP: (Origin.SYSVEC, Origin.IRQ),
    DeathKind.STALL: (Origin.SYSVEC, Origin.IRQ),
    DeathKind.HARD_LOCKUP: (Origin.NMI, Origin.SYSVEC, Origin.IRQ),
    DeathKind.NMI: (Origin.NMI,),
}
_INVALID_OPCODE = 6
_EXCEPTIONS = frozenset(
    {
        Origin.DEBUG,
        Origin.DOUBLE_FAULT,
        Origin.EXCEPTION,
        Origin.GENERAL_PROTECTION,
        Origin.INT3,
        Origin.MACHINE_CHECK,
        Origin.PAGE_FAULT,
    }
)
_MOST_SURVIVED = 16  # listed; a kernel may oops very often

# kernel/watchdog.c and kernel/rcu/tree_stall.h, of another CPU than the one that says so.
_HARD_LOCKUP_ON = re.compile(r"Watchdog detected hard LOCKUP on cpu ?(\d+)")
_STALL = re.compile(r"rcu: INFO: \w+ (self-)?detected (?:expedited )?stalls?")
_STALLED = re.compile(r"rcu:\s+(\d+)-\S{4}: \(")


@dataclass(frozen=True, slots=True)
class Death:
    """What is known about the CPU that crashed, and the others.

    :ivar task: what it was running
    :ivar frames: on its stacks, innermost first
    :ivar calls: on its stacks, innermost first
    :ivar of_cpus: CPU → the frames on the stacks of the other CPUs, innermost first
    :ivar message: what ``panic()`` printed, None where the log has none
    :ivar log: the end of the kernel's log, oldest first
    """

    task: Task
    frames: Sequence[Frame]
    calls: Sequence[CallFrame]
    of_cpus: Mapping[int, Sequence[Frame]]
    message: str | None
    log: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Handled:
    """A frame, and the names of the functions that ran because of what interrupted it there."""

    frame: Frame
    names: frozenset[str]


def killed_by(death: Death) -> KilledBy:
    """The verdict on a kernel that crashed."""
    handled = tuple(_handled(death))
    return _oops(death, handled) or _panic(death, handled) or _unknown(death)


def oops_frames(death: Death) -> tuple[Frame, ...]:
    """The frames of exceptions that the kernel oopsed in, innermost first: more than one where
    oopses nest.
    """
    return tuple(_oopses(death, tuple(_handled(death))))


def survived(count: int | None, told: Mapping[int, str], deadly: int) -> tuple[SurvivedOops, ...]:
    """The oopses that the kernel survived.

    :param count: of all that there were, None where only the log tells
    :param told: the number of each that the log tells of → its headline
    :param deadly: how many of them, the last ones, are still on the stack
    """
    every = max(told, default=0) if count is None else count
    numbers = range(1, every - deadly + 1)[-_MOST_SURVIVED:]
    return tuple(
        SurvivedOops(n, told.get(n, "its lines are no longer in the log")) for n in numbers
    )


def _handled(death: Death) -> Iterator[_Handled]:
    """Each frame that interrupted the kernel, with the functions that ran because of it."""
    done = 0
    for frame in death.frames:
        at = next(
            (i for i, call in enumerate(death.calls) if i >= done and call.sp == frame.address),
            None,
        )
        if at is not None:
            yield _Handled(frame, _names(death.calls[done : at + 1]))
            done = at + 1


def _names(calls: Sequence[CallFrame]) -> frozenset[str]:
    return frozenset(map(_name, calls))


def _name(call: CallFrame) -> str:
    """The function, whatever part of it a compiler moved elsewhere (``panic.cold``)."""
    return "" if call.location is None else call.location.symbol.partition(".")[0]


def _oopses(death: Death, handled: Sequence[_Handled]) -> Iterator[Frame]:
    found = [h.frame for h in handled if h.names & _OOPS and h.frame.origin in _EXCEPTIONS]
    found = [frame for frame in found if not frame.user_mode]
    if found:
        yield from found
        return
    if _caller_of_panic(death.calls) is None:
        # Nothing but oops_end() notes an exception's frame of the CPU that crashed.
        yield from (f for f in death.frames if f.noted and f.origin in _EXCEPTIONS)


def _oops(death: Death, handled: Sequence[_Handled]) -> KilledBy | None:
    oopses = tuple(_oopses(death, handled))
    if not oopses:
        return None
    first = oopses[-1]
    text = _frame_text(first, death.task)
    if len(oopses) > 1:
        text += f"; {len(oopses) - 1} more while the kernel reported it"
    return _of_frame(DeathKind.OOPS, first, death.task, text, "oops-frame", None)


def _panic(death: Death, handled: Sequence[_Handled]) -> KilledBy | None:
    caller = _caller_of_panic(death.calls)
    inner = next((h for h in handled if h.names & _PANIC), None)
    names = inner.names if inner is not None else _names(death.calls)
    kind, rule = _kind(names, death.message)
    if caller is None and death.message is None:
        return None
    by = f"panic() called by {caller}" if caller is not None else "panic()"
    if death.message is not None:
        by += f": {death.message}"
    culprit = _culprit(kind, death, inner)
    if culprit is None:
        text = f"{by}, {_where(death.task)}"
        return KilledBy(kind, None, death.task.cpu, death.task.pid, text, rule, caller)
    text = f"{_frame_text(culprit, death.task)}; {by}"
    return _of_frame(kind, culprit, death.task, text, rule, caller)


def _kind(names: frozenset[str], message: str | None) -> tuple[DeathKind, str]:
    for functions, kind in _BY_FUNCTION:
        if names & functions:
            return kind, "panic-caller"
    for pattern, kind in _BY_MESSAGE:
        if message is not None and pattern.match(message):
            return kind, "panic-message"
    if "watchdog_timer_fn" in names:  # last: it runs the buddy detector of hard lockups too
        return DeathKind.LOCKUP, "panic-caller"
    return DeathKind.PANIC, "panic-caller"


def _caller_of_panic(calls: Sequence[CallFrame]) -> str | None:
    """The caller of ``panic()`` on the stack; None if it is not there."""
    named = [call for call in calls if call.location is not None]
    last = max((i for i, call in enumerate(named) if _name(call) in _PANIC), default=None)
    if last is None or last + 1 >= len(named):
        return None
    return str(named[last + 1].location)


def _culprit(kind: DeathKind, death: Death, inner: _Handled | None) -> Frame | None:
    """The frame of the code that a death of this kind is about, None where it is about none."""
    origins = _OF_A_FRAME.get(kind)
    if origins is None:
        return None
    other = _other_cpu(kind, death)
    if other is not None:
        return next((f for f in death.of_cpus.get(other, ()) if _is_on_stack(f)), None)
    if inner is None or inner.frame.origin not in origins:
        return None
    if kind is DeathKind.WARN and inner.frame.vector != _INVALID_OPCODE:
        return None
    return inner.frame


def _other_cpu(kind: DeathKind, death: Death) -> int | None:
    """The CPU that a watchdog reported, if it is not the one that panicked."""
    told: Iterator[re.Match[str]]
    if kind is DeathKind.HARD_LOCKUP:
        told = (match for line in reversed(death.log) if (match := _HARD_LOCKUP_ON.search(line)))
    elif kind is DeathKind.STALL:
        told = _first_stalled(death.log)
    else:
        return None
    cpu = next((int(match[1]) for match in told), death.task.cpu)
    return None if cpu == death.task.cpu else cpu


def _first_stalled(log: Sequence[str]) -> Iterator[re.Match[str]]:
    """The lines about CPUs in the last stall report; empty if a CPU reported itself."""
    heads = [(i, match) for i, line in enumerate(log) if (match := _STALL.search(line))]
    if not heads or heads[-1][1][1]:
        return
    for line in log[heads[-1][0] :]:
        if match := _STALLED.search(line):
            yield match


def _is_on_stack(frame: Frame) -> bool:
    return frame.found_in is FoundIn.STACK and frame.origin is not Origin.CRASH_NOTE


def _unknown(death: Death) -> KilledBy:
    text = f"unknown: no oops and no panic() is on the stack or in the log; {_where(death.task)}"
    return KilledBy(
        DeathKind.PANIC, None, death.task.cpu, death.task.pid, text, "panic-cpu-alone", None
    )


def _of_frame(
    kind: DeathKind, frame: Frame, task: Task, text: str, rule: str, caller: str | None
) -> KilledBy:
    owner = frame.task or task
    return KilledBy(kind, frame.address, frame.cpu, owner.pid, text, rule, caller)


def _frame_text(frame: Frame, task: Task) -> str:
    owner = frame.task or task
    if frame.user_mode:
        place = "user mode"
    else:
        place = str(frame.interrupted) if frame.interrupted else f"{frame.registers.ip:#x}"
    origin = frame.origin.value
    if frame.origin is Origin.EXCEPTION and frame.vector is not None:
        origin = VECTOR_NAMES.get(frame.vector, f"exception {frame.vector}")
    return f"{origin} at {place}, {_where(owner)}"


def _where(task: Task) -> str:
    return f"cpu {task.cpu}, {task.comm} {task.pid}"
