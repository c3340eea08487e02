# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump with words of its memory changed, or missing, for one test."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drgn import FaultError

from inspector.queries.target import TargetSource
from inspector.target.open import open_core, target_of
from inspector.target.spec import TargetKind, TargetSpec


def survey_with(
    words: Mapping[int, int | Callable[[], int]] | None = None,
    missing: tuple[range, ...] = (),
    *,
    moving: bool = False,
) -> TargetSource:
    """:param words: address → the 64-bit word to be read there, or what gives it at each read
    :param missing: address ranges that cannot be read
    :param moving: whether it is to be read as if its kernel ran
    """
    spec = TargetSpec(TargetKind.DEMO)
    prog, identity = open_core(spec)

    def word(address: int, count: int, offset: int, _physical: bool) -> bytes:
        start = address - offset
        value = (words or {})[start]
        now = value() if callable(value) else value
        return now.to_bytes(8, "little")[offset : offset + count]

    def fault(address: int, _count: int, _offset: int, _physical: bool) -> bytes:
        raise FaultError("taken away by a test", address)

    for address in words or {}:
        prog.add_memory_segment(address, 8, word)
    for gone in missing:
        prog.add_memory_segment(gone.start, len(gone), fault)
    target = target_of(prog, identity, spec)
    target.moving = moving
    return TargetSource(target)
