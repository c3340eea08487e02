# SPDX-License-Identifier: LGPL-2.1-or-later
"""The answer to the question people ask of a frame: where is the syscall number?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inspector.explain.decode import decoded
from inspector.model.context import Context, PointsTo
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.registers import REGISTER_OFFSETS

_POPULAR_ANSWER = Evidence(
    "story-popular-answer",
    'The popular answer, "int3 pushes 0 as a placeholder error code", is wrong: the int3 entry'
    " pushes -1, as for every exception that has no error code. An orig_ax of 0 rules int3 out.",
)

_REFUSED = Evidence(
    "story-entry-refused",
    "Probing do_syscall_64 or entry_SYSCALL_64 instead, as often advised, is refused with"
    " -EINVAL since 5.8: that code is noinstr.",
)


def story(frame: Frame, context: Context, entry: Frame | None) -> tuple[Evidence, ...]:
    """Paragraphs, most wanted first; empty where a frame raises no question."""
    if frame.origin in (Origin.FTRACE, Origin.FTRACE_ARGS):
        return tuple(_ftrace(frame, context, entry))
    if frame.origin in (Origin.INT3, Origin.OPTPROBE, Origin.KRETPROBE):
        return tuple(_probe(frame, context, entry))
    if frame.origin.is_syscall and frame.syscall is not None:
        return tuple(_syscall(frame))
    return ()


def _ftrace(frame: Frame, context: Context, entry: Frame | None) -> Iterator[Evidence]:
    place = str(context.probe) if context.probe else "This function"
    caller = "ftrace_regs_caller" if frame.origin is Origin.FTRACE else "ftrace_caller"
    yield Evidence(
        "story-no-trap",
        f"No trap put this frame here. {place} is probed where its function calls ftrace, so the"
        f" kernel used that call: {caller} built the frame in software, and its orig_ax is"
        f" {_orig_ax(frame)} because {caller} stores a constant there. It is neither a syscall"
        " number nor an error code.",
        frame.address,
    )
    yield _POPULAR_ANSWER
    yield Evidence(
        "story-probe-further-in",
        "A probe a few bytes further into the function traps: there the kernel plants an int3,"
        " and the handler sees orig_ax -1 (until the probe is optimised into a jump, which"
        " shows -1 too).",
    )
    yield from _registers_that_point_home(frame, context, entry)
    yield from _where_the_number_is(frame, entry)
    yield _REFUSED


_MECHANISM = {
    Origin.INT3: Evidence(
        "story-int3",
        "An int3 put this frame here: the CPU trapped, and the entry code pushed -1 as"
        " orig_ax because a breakpoint has no error code. It never held a syscall number.",
    ),
    Origin.OPTPROBE: Evidence(
        "story-optprobe",
        "A jump brought the CPU here: the probe is optimised. optimized_callback()"
        " sets orig_ax to -1. It never held a syscall number.",
    ),
    Origin.KRETPROBE: Evidence(
        "story-kretprobe",
        "A return came through a probe's trampoline, which sets orig_ax to -1 and"
        " leaves the function's return value in ax. It never held a syscall number.",
    ),
}


def _probe(frame: Frame, context: Context, entry: Frame | None) -> Iterator[Evidence]:
    yield replace(_MECHANISM[frame.origin], address=frame.address)
    yield from _registers_that_point_home(frame, context, entry)
    yield from _where_the_number_is(frame, entry)


def _syscall(frame: Frame) -> Iterator[Evidence]:
    assert frame.syscall is not None
    handler = f", handled by {frame.syscall.handler}" if frame.syscall.handler else ""
    yield Evidence(
        "story-entry-frame",
        f"This is the task's entry frame: orig_ax is the number of the syscall it is in,"
        f" {frame.syscall}{handler}. The kernel finds it as task_pt_regs(current).",
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
        return
    if task.kernel_thread:
        text = "The task is a kernel thread: it has no entry frame, and there is no number."
        yield Evidence("story-kernel-thread", text, task.address)
        return
    if entry is None:
        text = "The task's entry frame is not at hand: whether there is a number is not known."
        yield Evidence("story-no-entry", text, task.entry_address)
        return
    at = entry.address + REGISTER_OFFSETS["orig_ax"]
    if entry.syscall is None:
        yield Evidence(
            "story-no-number",
            f"The task's entry frame at {entry.address:#x} is no syscall's ({entry.origin.value}):"
            " there is no number to find.",
            entry.address,
        )
        return
    yield Evidence(
        "story-number",
        f"The number really is in the task's entry frame at {entry.address:#x}: its orig_ax, at"
        f" {at:#x}, is {_orig_ax(entry)}. In a handler: task_pt_regs(current)->orig_ax, or"
        " from a probe on __x64_sys_*: ((struct pt_regs *)regs->di)->orig_ax.",
        at,
    )


def _orig_ax(frame: Frame) -> str:
    return decoded(frame, "orig_ax", None) or f"{frame.registers.orig_ax:#x}"
