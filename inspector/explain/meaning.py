# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every register of a frame, explained."""

from __future__ import annotations

from inspector.explain.decode import decoded
from inspector.explain.phrases import phrase
from inspector.explain.story import story
from inspector.model.access import FaultingAccess
from inspector.model.context import Context
from inspector.model.frame import Frame
from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.missing import Missing
from inspector.model.registers import REGISTER_NAMES
from inspector.model.report import Explanation, RegisterMeaning

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
