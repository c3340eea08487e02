# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two frames side by side, with the reason for every register."""

from __future__ import annotations

from inspector.explain.decode import decoded
from inspector.explain.phrases import phrase
from inspector.model.context import Context
from inspector.model.frame import Frame
from inspector.model.registers import REGISTER_NAMES
from inspector.model.report import RegisterDiff

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
    one, other = phrase(left, name, left_context), phrase(right, name, right_context)
    if name == "ax":
        one += _by_chance(left, right)
        other += _by_chance(right, left)
    if same:
        one = other = _why_same(left, right, name, one)
    return RegisterDiff(
        name, same, one, other, decoded(left, name, here), decoded(right, name, there)
    )


def _by_chance(frame: Frame, entry: Frame) -> str:
    """What people stumble over: a live rax that happens to hold the number still."""
    if frame.syscall is not None or entry.syscall is None:
        return ""
    if frame.registers.ax != entry.syscall.nr:
        return ""
    return f" (it still holds the number {entry.syscall.nr} here, by chance: nothing promises it)"


def _why_same(left: Frame, right: Frame, name: str, phrase_of_left: str) -> str:
    if left.user_mode is right.user_mode:
        return phrase_of_left
    if name in ("bx", "bp", "r12", "r13", "r14", "r15") and left.registers[name] == 0:
        # PUSH_AND_CLEAR_REGS, arch/x86/entry/calling.h
        return "zero in user space, and the entry code clears it too"
    return "the same value on both sides of the kernel's entry"
