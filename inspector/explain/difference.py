# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two frames side by side, with the reason for every register."""

from __future__ import annotations

from inspector.explain.decode import decoded
from inspector.explain.phrases import phrase
from inspector.model.context import Context
from inspector.model.evidence import Evidence
from inspector.model.frame import Frame
from inspector.model.registers import REGISTER_NAMES, REGISTER_OFFSETS
from inspector.model.report import RegisterDiff

_Statements = tuple[Evidence, ...]

# What the question is about comes first, then as pt_regs lies in memory.
_ORDER = ("orig_ax", "ax", *(n for n in REGISTER_NAMES if n not in ("orig_ax", "ax")))


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
