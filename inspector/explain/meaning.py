# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every register of a frame, explained; two frames side by side."""

from __future__ import annotations

from inspector.explain.registers import phrase
from inspector.explain.story import story
from inspector.explain.values import decoded
from inspector.model.access import Context, FaultingAccess
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.registers import REGISTER_NAMES, REGISTER_OFFSETS
from inspector.model.report import Explanation, RegisterDiff, RegisterMeaning

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
    """What people stumble over: a live rax that is equal to the number."""
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
