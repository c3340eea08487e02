# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where each mechanism leaves its frame, against the stack that it interrupted.

A copy of a frame, even one with its return address, lies elsewhere: ``delta``, what is
between the frame's end and the interrupted sp, is not what the mechanism leaves.
"""

from __future__ import annotations

from inspector.model.candidate import Candidate
from inspector.model.origin import Delivery, Origin
from inspector.model.verdict import Verdict

# The CPU aligns the stack down to 16 before it pushes: 0 or 8.
_TRAP = frozenset({0, 8})

# int3_emulate_call() may take a word of the gap of 0x30 (entry_64.S, idtentry, since 5.2:
# commit 2700fefdb2d9).
_INT3 = frozenset({0x28, 0x30, 0x38})

# Measured on 5.10, 6.1, 6.12 and 7.2 without frame pointers; with them ftrace keeps 0x28 more.
_DELTAS = {
    Origin.INT3: _INT3,
    Origin.INT3_STEP: _INT3,
    Origin.FTRACE: frozenset({0x10, 0x38}),
    Origin.FTRACE_ARGS: frozenset({8, 0x10, 0x38}),
    Origin.OPTPROBE: frozenset({0, -8}),
    Origin.KRETPROBE: frozenset({8, -8}),
}

# FRED skips a red zone of 64 bytes, aligns to 64 and pushes two words above ss (Intel's FRED
# specification, event delivery; FRED_CONFIG_REDZONE, asm/fred.h): so where the stack level stays
# the same. An event of a higher level begins that level's stack.
_FRED = frozenset(range(0x50, 0x90, 8))

# Exceptions that come on a stack of their own when they come from the kernel (asm/idtentry.h,
# DECLARE_IDTENTRY_{NMI,DB,MCE,DF}).
_OWN_STACK = frozenset({Origin.NMI, Origin.DEBUG, Origin.DOUBLE_FAULT, Origin.MACHINE_CHECK})


def in_its_place(candidate: Candidate, verdict: Verdict) -> bool:
    """Whether a frame with this verdict that interrupted the kernel could lie there."""
    origin, fred = verdict.origin, verdict.delivery is Delivery.FRED
    if fred and candidate.in_hardware_slot:
        return True
    if origin in _OWN_STACK and not fred:
        return candidate.in_hardware_slot
    if candidate.stack is None or candidate.registers.sp not in candidate.stack:
        return False  # only those come on another stack than the one they interrupt
    return candidate.delta in (_FRED if fred else _DELTAS.get(origin, _TRAP))
