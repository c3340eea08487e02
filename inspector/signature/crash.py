# SPDX-License-Identifier: LGPL-2.1-or-later
"""The signature of a crash, from the stack of the task that panicked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.model.call_frame import CallFrame
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import VECTOR_NAMES, Origin
from inspector.model.signature import Signature
from inspector.model.stack import StackKind
from inspector.model.task import Task
from inspector.signature.function_name import function_name
from inspector.signature.machinery import is_glue, is_panic, is_waiting

# The deeper, the more inlining differs between compilers.
MOST_FUNCTIONS = 3

# What the CPU was doing when one of these came says nothing of the bug: it is another one each
# time. The way out ends there.
_INTERRUPTS = {Origin.IRQ: "interrupt", Origin.SYSVEC: "interrupt", Origin.NMI: "nmi"}


def crash_signature(
    task: Task,
    calls: Sequence[CallFrame],
    frames: Sequence[Frame],
    died_of: str = "",
    killer: Frame | None = None,
) -> Signature | None:
    """What the crash has in common with others of its kind.

    :param calls: of the task, innermost first
    :param frames: of the task, innermost first
    :param died_of: the exception's name, or the kind of the death; "" where it is not known
    :param killer: the frame of the code that it died in: what lies further in is not the bug
    :returns: None where neither calls nor frames are known
    """
    traps: Sequence[Frame] = [
        f for f in frames if f.found_in is FoundIn.STACK and f.origin is not Origin.CRASH_NOTE
    ]
    calls = way_to_death(task, calls, frames, killer)
    if killer is not None:
        traps = _beyond(traps, killer)
        function = _struck(killer, calls)
        parts = [f"{died_of}: {function}", *_way_out(task, calls, traps, function)]
    else:
        parts = [*_way_out(task, calls, traps, "")]
        if parts and died_of:
            parts[0] = f"{died_of}: {parts[0]}"
    if task.kernel_thread and parts and not _ended(parts):
        parts.append("kernel thread")
    return Signature(tuple(parts)) if parts else None


def exception_name(frame: Frame) -> str:
    """``page-fault``, ``divide-error``: the origin, or what the vector is called."""
    if frame.vector is None or frame.origin is not Origin.EXCEPTION:
        return frame.origin.value
    return VECTOR_NAMES.get(frame.vector, f"exception {frame.vector}")


def way_to_death(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame], killer: Frame | None
) -> tuple[CallFrame, ...]:
    """The calls to the place that killed, innermost first: without what ran because of it.

    :param killer: the frame of the code that the kernel died in, None for a ``panic()``
    """
    named = tuple(call for call in calls if call.location is not None)
    on_stack = [f for f in frames if f.found_in is FoundIn.STACK]
    at = next((i for i, f in enumerate(on_stack) if killer and f.address == killer.address), None)
    if at is not None:
        return named[_places(task, named, on_stack)[at] :]
    last = max((i for i, call in enumerate(named) if is_panic(_name(call))), default=-1)
    return named[last + 1 :]


def _struck(killer: Frame, calls: Sequence[CallFrame]) -> str:
    """The function that ``killer`` interrupted, or the one that let time pass there."""
    function = _interrupted(killer)
    if not function:
        return "user mode" if killer.user_mode else "unknown"
    names = (name for name in map(_name, calls) if not is_waiting(name))
    return next(names, function) if is_waiting(function) else function


def _beyond(frames: Sequence[Frame], killer: Frame) -> Sequence[Frame]:
    at = next((i for i, f in enumerate(frames) if f.address == killer.address), -1)
    return frames[at + 1 :]


def _ended(parts: Sequence[str]) -> bool:
    return parts[-1] in _INTERRUPTS.values()


def _way_out(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame], done: str
) -> Iterator[str]:
    """Functions and frames up to the first interrupt.

    :param done: the function that stands in the signature already
    """
    for part in _functions_and_frames(task, calls, frames, done):
        yield part
        if part in _INTERRUPTS.values():
            return


def _functions_and_frames(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame], done: str
) -> Iterator[str]:
    places = _places(task, calls, frames)
    functions, last = 0, done
    for i, call in enumerate(calls):
        before = [frame for frame, place in zip(frames, places, strict=True) if place == i]
        yield from map(_frame_part, before)
        name = _name(call)
        if before:
            last = _interrupted(before[-1])
        # The function that a frame interrupted, and one that calls itself, stand there already.
        skipped = name == last or is_glue(name) or is_waiting(name)
        if not skipped and functions < MOST_FUNCTIONS:
            functions, last = functions + 1, name
            yield name
    yield from (_frame_part(f) for f, i in zip(frames, places, strict=True) if i == len(calls))


def _places(task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame]) -> list[int]:
    """Of each frame the index of the call that it comes before: of what it interrupted."""
    places: list[int] = []
    for frame in reversed(frames):  # outermost first: none lies beyond the one that it is within
        end = places[-1] if places else len(calls)
        inside = (i for i in range(end + 1) if i < len(calls) and _outside(task, calls[i], frame))
        places.append(min(next(inside, end), end))
    return places[::-1]


def _outside(task: Task, call: CallFrame, frame: Frame) -> bool:
    """Whether ``call`` is of the code that ``frame`` interrupted, or outside of it."""
    if call.pc == frame.registers.ip:
        return True
    if frame.stack is not StackKind.TASK or task.stack is None or call.sp is None:
        return False
    return call.sp in task.stack and call.sp > frame.address


def _frame_part(frame: Frame) -> str:
    if frame.syscall is not None and frame.origin.is_syscall:
        return f"{frame.origin.value} {frame.syscall.name or frame.syscall.nr}"
    name = exception_name(frame)
    if frame.user_mode:
        return f"{name} from user mode"
    if frame.origin in _INTERRUPTS:
        return _INTERRUPTS[frame.origin]
    interrupted = _interrupted(frame)
    return f"{name} in {interrupted}" if interrupted else name


def _interrupted(frame: Frame) -> str:
    if frame.interrupted is None or frame.user_mode:
        return ""
    return function_name(frame.interrupted)


def _name(call: CallFrame) -> str:
    return "" if call.location is None else function_name(call.location)
