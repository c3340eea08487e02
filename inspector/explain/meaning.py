# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a frame means: its story, every register, two frames compared, one event in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from inspector.explain.registers import phrase
from inspector.explain.values import decoded
from inspector.facts.uapi import is_handler
from inspector.model.access import Context, FaultingAccess, PointsTo
from inspector.model.evidence import Evidence, Missing
from inspector.model.frame import Frame
from inspector.model.freeze import Event, Hit
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.origin import FTRACE_CALLERS, Delivery, Origin
from inspector.model.record import Record
from inspector.model.registers import REGISTER_NAMES, REGISTER_OFFSETS, as_int64
from inspector.model.report import (
    Explanation,
    RegisterDiff,
    RegisterMeaning,
    Timeline,
    TimelineStep,
)

# The answer to the question people ask of a frame: where is the syscall number?

_POPULAR_ANSWER = Evidence(
    "story-popular-answer",
    'The popular answer, "int3 pushes 0 as a placeholder error code", is wrong: an int3 leaves -1'
    " in orig_ax, as every exception without an error code does. An orig_ax of 0 rules int3 out.",
)


def story(frame: Frame, context: Context, entry: Frame | None) -> tuple[Evidence, ...]:
    """Paragraphs, most wanted first; empty where a frame raises no question."""
    if frame.origin in FTRACE_CALLERS:
        return tuple(_ftrace(frame, context, entry))
    if frame.origin in (Origin.INT3, Origin.OPTPROBE, Origin.KRETPROBE):
        return tuple(_probe(frame, context, entry))
    if frame.origin.is_syscall and frame.syscall is not None:
        return tuple(_syscall(frame))
    return ()


def _ftrace(frame: Frame, context: Context, entry: Frame | None) -> Iterator[Evidence]:
    yield Evidence("story-no-trap", _no_trap(frame, context), frame.address)
    if frame.registers.orig_ax == 0:
        yield _POPULAR_ANSWER
    if context.probe is not None:
        yield Evidence(
            "story-probe-further-in",
            "A probe a few bytes further into the function traps: the kernel plants an int3 there,"
            " and the handler sees orig_ax -1. It sees -1 too where the kernel has optimised the"
            " probe into a jump.",
        )
    yield from _registers_that_point_home(frame, context, entry)
    yield from _where_the_number_is(frame, entry)
    yield from _refused(context)


def _no_trap(frame: Frame, context: Context) -> str:
    caller = FTRACE_CALLERS[frame.origin]
    if context.probe is not None:
        why = f"{context.probe} is probed at its function's call to ftrace"
    else:
        why = "The function called ftrace as it was entered"
    text = f"No trap put this frame here. {why}, and {caller} built the frame in software."
    if context.ftrace_stores_zero and frame.registers.orig_ax == 0:
        text += f" Its orig_ax is 0 because {caller} stores a constant there."
    return f"{text} That orig_ax is neither a syscall number nor an error code."


def _refused(context: Context) -> Iterator[Evidence]:
    if context.never_probed:
        names = " or ".join(context.never_probed)
        yield Evidence(
            "story-entry-refused",
            f"Probing {names} instead, as often advised, fails with -EINVAL on this kernel: its"
            " text is in a section where kprobes are forbidden.",
        )


def _probe(frame: Frame, context: Context, entry: Frame | None) -> Iterator[Evidence]:
    yield _mechanism(frame)
    yield from _registers_that_point_home(frame, context, entry)
    yield from _where_the_number_is(frame, entry)


def _mechanism(frame: Frame) -> Evidence:
    if frame.origin is Origin.OPTPROBE:
        how = "A jump brought the CPU here: the probe is optimised"
        text = _no_number_there(frame, how, "and optimized_callback() set orig_ax to -1")
        return Evidence("story-optprobe", text, frame.address)
    if frame.origin is Origin.KRETPROBE:
        how = "A function returned through a probe's trampoline"
        text = _no_number_there(frame, how, "whose C code set orig_ax to -1")
        return Evidence("story-kretprobe", text, frame.address)
    if frame.delivery is Delivery.FRED:
        minus_one = "delivered by FRED, whose entry code set orig_ax to -1"
    else:
        minus_one = (
            "and the entry code pushed -1 as orig_ax, because a breakpoint has no error code"
        )
    text = _no_number_there(frame, "An int3 put this frame here", minus_one)
    return Evidence("story-int3", text, frame.address)


def _no_number_there(frame: Frame, how: str, minus_one: str) -> str:
    """:param minus_one: who set orig_ax to -1, said only where it is that"""
    if as_int64(frame.registers.orig_ax) == -1:
        how = f"{how}, {minus_one}"
    return f"{how}. Its orig_ax is not a syscall number."


def _syscall(frame: Frame) -> Iterator[Evidence]:
    assert frame.syscall is not None
    handler = f", handled by {frame.syscall.handler}" if frame.syscall.handler else ""
    yield Evidence(
        "story-entry-frame",
        f"This is the task's entry frame: orig_ax is the number of its syscall,"
        f" {frame.syscall}{handler}. The kernel finds the frame as task_pt_regs(task).",
        frame.address,
    )


def _registers_that_point_home(
    frame: Frame, context: Context, entry: Frame | None
) -> Iterator[Evidence]:
    home = [
        register
        for register, pointer in context.pointers.items()
        if pointer.kind is PointsTo.ENTRY_FRAME and not pointer.offset
    ]
    if not home:
        return
    names, value = " and ".join(home), f"{frame.registers[home[0]]:#x}"
    number = f", and is {_orig_ax(entry)}" if entry else ""
    yield Evidence(
        "story-points-home",
        f"{names}: {value} looks like garbage and is not. It is the address of the task's own"
        f" entry frame. The orig_ax there lies at {home[-1]} + {REGISTER_OFFSETS['orig_ax']:#x}"
        f"{number}.",
        frame.registers[home[0]],
    )


def _where_the_number_is(frame: Frame, entry: Frame | None) -> Iterator[Evidence]:
    task = frame.task
    if task is None:
        return
    if frame.address == task.entry_address:
        text = "This is the task's entry frame: the task is in no syscall, and there is no number."
        yield Evidence("story-own-entry", text, frame.address)
    elif task.kernel_thread:
        text = "The task is a kernel thread: it has no entry frame, and there is no number."
        yield Evidence("story-kernel-thread", text, task.address)
    elif entry is None:
        text = "The task's entry frame is not at hand: whether there is a number is not known."
        yield Evidence("story-no-entry", text, task.entry_address)
    elif entry.syscall is None:
        yield Evidence("story-no-number", _no_number(entry), entry.address)
    else:
        yield Evidence("story-number", _number(entry), entry.address + REGISTER_OFFSETS["orig_ax"])


def _no_number(entry: Frame) -> str:
    at = f"The task's entry frame at {entry.address:#x}"
    if entry.origin is Origin.UNKNOWN:
        return f"{at} is of unknown origin: whether there is a number is not known."
    if "orig_ax" in entry.absent:
        return f"{at} has lost its orig_ax: whether there is a number is not known."
    if entry.origin.is_syscall:
        return f"{at} is a syscall's, but its orig_ax holds no number any more."
    return f"{at} is no syscall's ({entry.origin.value}): there is no number to find."


def _number(entry: Frame) -> str:
    at = entry.address + REGISTER_OFFSETS["orig_ax"]
    text = (
        f"The number is in the task's entry frame at {entry.address:#x}: its orig_ax, at"
        f" {at:#x}, is {_orig_ax(entry)}. In a handler: task_pt_regs(current)->orig_ax"
    )
    handler = entry.syscall.handler if entry.syscall else None
    if handler is not None and is_handler(handler):  # asm/syscall_wrapper.h
        text += f", or from a probe on {handler}: ((struct pt_regs *)regs->di)->orig_ax"
    return f"{text}."


def _orig_ax(frame: Frame) -> str:
    return decoded(frame, "orig_ax", None) or f"{frame.registers.orig_ax:#x}"


# Every register of a frame, explained; two frames side by side.

# Every register of a frame, explained.

_ORDER = ("orig_ax", "ax", *(n for n in REGISTER_NAMES if n not in ("orig_ax", "ax")))


def explain(
    target: TargetIdentity,
    kernel: KernelIdentity,
    frame: Frame,
    context: Context,
    entry: Frame | None,
    access: FaultingAccess | None,
    missing: tuple[Missing, ...],
) -> Explanation:
    """The meaning of each register, orig_ax and ax first, and the story before them."""
    return Explanation(
        target,
        kernel,
        frame,
        tuple(register_meaning(frame, context, name) for name in _ORDER),
        story(frame, context, entry),
        context.instruction,
        entry,
        access,
        missing,
    )


def register_meaning(frame: Frame, context: Context, register: str) -> RegisterMeaning:
    """What ``register`` means in ``frame``."""
    pointer = context.pointers.get(register)
    return RegisterMeaning(
        register, decoded(frame, register, pointer), phrase(frame, register, context)
    )


# Two frames side by side, with the reason for every register.

_Statements = tuple[Evidence, ...]

# What the question is about comes first, then as pt_regs lies in memory.


def difference(
    left: Frame, right: Frame, left_context: Context, right_context: Context
) -> tuple[RegisterDiff, ...]:
    """Every register of ``left`` against ``right``, orig_ax and ax first."""
    return tuple(_register(n, left, right, left_context, right_context) for n in _ORDER)


def _register(
    name: str, left: Frame, right: Frame, left_context: Context, right_context: Context
) -> RegisterDiff:
    here, there = left_context.pointers.get(name), right_context.pointers.get(name)
    absent = name in left.absent or name in right.absent
    same = not absent and left.registers[name] == right.registers[name]
    one: _Statements = (phrase(left, name, left_context),)
    other: _Statements = (phrase(right, name, right_context),)
    if name == "ax":
        one, other = (*one, *_equals_number(left, right)), (*other, *_equals_number(right, left))
    if same:
        one = other = _why_same(left, right, one)
    return RegisterDiff(
        name, same, one, other, decoded(left, name, here), decoded(right, name, there)
    )


def _equals_number(frame: Frame, entry: Frame) -> _Statements:
    """A live rax that equals the syscall number by chance."""
    if frame.syscall is not None or entry.syscall is None:
        return ()
    if frame.registers.ax != entry.syscall.nr:
        return ()
    text = f"equal to the syscall's number, {entry.syscall.nr}, which nothing promises"
    return (Evidence("ax-equals-number", text, frame.address + REGISTER_OFFSETS["ax"]),)


def _why_same(left: Frame, right: Frame, of_left: _Statements) -> _Statements:
    if left.user_mode is right.user_mode:
        return of_left
    return (Evidence("same-value", "the same value in both frames"),)


# Which hits belong together, and one event as a timeline of ax and orig_ax.

# Which hits belong together: one task, one stay in the kernel.


def events_of(hits: Iterable[Hit]) -> tuple[Event, ...]:
    """The events of ``hits``, in the order of their first hit.

    The module numbers events since its ABI 2. In records of version 1 an event of a task goes on
    as long as its entry frame stays the same and no probe is hit twice.
    """
    groups: list[list[Hit]] = []
    current: dict[int, list[Hit]] = {}  # task → its group that may go on
    for hit in hits:
        group = current.get(hit.record.task_address)
        if group is None or not _goes_on(group, hit):
            group = current[hit.record.task_address] = []
            groups.append(group)
        group.append(hit)
    return tuple(Event(tuple(group), group[0].record.event or None) for group in groups)


def _goes_on(group: list[Hit], hit: Hit) -> bool:
    first, record = group[0].record, hit.record
    if record.event or first.event:
        return record.event == first.event
    if _numbered(record):  # and yet 0: in an interrupt, which is no task's
        return False
    again = any(earlier.record.probe == record.probe for earlier in group)
    return record.entry == first.entry and not again


def _numbered(record: Record) -> bool:
    return record.probe.counts is not None  # the module's ABI is 2 or later


# One event as a timeline: what each probe saw of ax and orig_ax.


def timeline(
    target: TargetIdentity,
    kernel: KernelIdentity,
    event: Event,
    others: tuple[int, ...],
    context: Callable[[Frame], Context],
    missing: tuple[Missing, ...],
) -> Timeline:
    """:param others: the first record of every other event"""
    start = event.hits[0].record.time_ns
    moments = [
        _moment(hit.given, hit.record.time_ns - start, context(hit.given)) for hit in event.hits
    ]
    entry = event.hits[0].entry
    before = [_moment(entry, None, context(entry))] if entry is not None else []
    task = event.hits[-1].given.task
    return Timeline(target, kernel, task, event.number, (*before, *moments), others, missing)


def _moment(frame: Frame, since_ns: int | None, around: Context) -> TimelineStep:
    return TimelineStep(
        frame,
        since_ns,
        register_meaning(frame, around, "orig_ax"),
        register_meaning(frame, around, "ax"),
    )
