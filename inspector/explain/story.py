# SPDX-License-Identifier: LGPL-2.1-or-later
"""The answer to the question people ask of a frame: where is the syscall number?"""

from __future__ import annotations

from collections.abc import Iterator

from inspector.explain.values import decoded
from inspector.model.access import Context, PointsTo
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import FTRACE_CALLERS, Delivery, Origin
from inspector.model.registers import REGISTER_OFFSETS, as_int64

_POPULAR_ANSWER = Evidence(
    "story-popular-answer",
    'The popular answer, "int3 pushes 0 as a placeholder error code", is wrong: an int3 leaves -1'
    " in orig_ax, as every exception without an error code does. An orig_ax of 0 rules int3 out.",
)
_HANDLERS = ("__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_")


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
    if handler is not None and handler.startswith(_HANDLERS):  # asm/syscall_wrapper.h
        text += f", or from a probe on {handler}: ((struct pt_regs *)regs->di)->orig_ax"
    return f"{text}."


def _orig_ax(frame: Frame) -> str:
    return decoded(frame, "orig_ax", None) or f"{frame.registers.orig_ax:#x}"
