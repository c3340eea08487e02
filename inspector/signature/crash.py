# SPDX-License-Identifier: LGPL-2.1-or-later
"""The signature of a crash, from the stack of the task that panicked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.model.call_frame import CallFrame
from inspector.model.frame import FoundIn, Frame
from inspector.model.origin import Origin
from inspector.model.signature import Signature
from inspector.model.stack import StackKind
from inspector.model.task import Task
from inspector.signature.function_name import function_name
from inspector.signature.machinery import is_glue, is_panic

# The deeper, the more inlining differs between compilers; the origins are always all there.
MOST_FUNCTIONS = 4


def crash_signature(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame]
) -> Signature | None:
    """What the crash has in common with others of its kind.

    :param calls: of the task, innermost first
    :param frames: of the task, innermost first
    :returns: None where neither calls nor frames are known
    """
    traps = [f for f in frames if f.found_in is FoundIn.STACK and f.origin is not Origin.CRASH_NOTE]
    parts = [*_functions_and_frames(task, _after_panic(calls), traps)]
    if task.kernel_thread and parts:
        parts.append("kernel thread")
    return Signature(tuple(parts)) if parts else None


def _after_panic(calls: Sequence[CallFrame]) -> Sequence[CallFrame]:
    """Without what the panic itself called, and panic() too."""
    named = [call for call in calls if call.location is not None]
    last = max((i for i, call in enumerate(named) if is_panic(_name(call))), default=-1)
    return named[last + 1 :]


def _functions_and_frames(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame]
) -> Iterator[str]:
    places = _places(task, calls, frames)
    functions = 0
    for i, call in enumerate(calls):
        before = [frame for frame, place in zip(frames, places, strict=True) if place == i]
        yield from map(_frame_part, before)
        name = _name(call)
        again = bool(before) and name == _interrupted(before[-1])
        if not again and not is_glue(name) and functions < MOST_FUNCTIONS:
            functions += 1
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
    if frame.user_mode:
        return f"{frame.origin.value} from user mode"
    interrupted = _interrupted(frame)
    return f"{frame.origin.value} in {interrupted}" if interrupted else frame.origin.value


def _interrupted(frame: Frame) -> str:
    if frame.interrupted is None or frame.user_mode:
        return ""
    return function_name(frame.interrupted)


def _name(call: CallFrame) -> str:
    return "" if call.location is None else function_name(call.location)
