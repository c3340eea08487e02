# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the unwinder is to go on from the note of the CPU that panicked.

``crash_setup_regs()`` (asm/kexec.h) notes its registers as they are, but for ip: that is of a label
(``_THIS_IP_``), which the compiler may put where the stack pointer is another one. sp is right: the
return address of ``__crash_kexec()``, which it is part of, lies above it.
"""

from __future__ import annotations

from collections.abc import Mapping

from inspector.errors import InspectorError
from inspector.target.target import Target

_NOTING = "__crash_kexec"
_CALL = b"\xe8"
_CALL_SIZE = 5  # with its operand, the distance to what is called
_MOST_WORDS = 128  # the function has a struct pt_regs on its stack, and little more
_ADDRESSES = 1 << 64


def return_from_noting(target: Target, noted: Mapping[str, int]) -> tuple[int, int] | None:
    """ip and sp after the return from ``__crash_kexec()``; None if ``noted`` is not of there.

    Found by what it is: the first word above sp that follows a call of this very function.
    """
    location = target.locate(noted.get("ip", 0))
    low = noted.get("sp", _ADDRESSES)
    high = low + 8 * _MOST_WORDS
    if location is None or location.symbol != _NOTING or high > _ADDRESSES:
        return None
    function = noted["ip"] - location.offset
    for address in range(low, high, 8):
        word = target.readable_word(address)
        if word is None:
            return None
        if target.locate(word) is not None and _called(target, word) == function:
            return word, address + 8
    return None


def _called(target: Target, returned_to: int) -> int | None:
    """What the direct call before ``returned_to`` calls."""
    try:
        call = target.read(returned_to - _CALL_SIZE, _CALL_SIZE)
    except InspectorError:
        return None
    if not call.startswith(_CALL):
        return None
    return returned_to + int.from_bytes(call[1:], "little", signed=True)
