# SPDX-License-Identifier: LGPL-2.1-or-later
"""A call on an unwound stack."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.symbol import Location


@dataclass(frozen=True, slots=True)
class CallFrame:
    """One call frame of an unwound stack.

    :ivar sp: the stack pointer of the frame, None where the unwinder did not know it
    :ivar lost: the way on from here is not known: the call after it, if there is one, was given
        the next frame that was found on the stack, and calls between are missing
    """

    pc: int
    sp: int | None
    location: Location | None
    lost: bool = False
