# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that the module's control file takes. Pure."""

from __future__ import annotations

from inspector.model.freeze import Filters, ProbeSpec
from inspector.model.record import Mode


def add(slot: int, spec: ProbeSpec, filters: Filters) -> str:
    """Registers a probe, disarmed."""
    words = [f"add {slot} {spec.place}", f"mode={spec.mode.value}"]
    if spec.returns:
        words.append("kind=return")
    if spec.opens:
        words.append("opens=1")
    if spec.keep_int3:
        words.append("int3=1")
    if spec.mode is Mode.HOLD:
        words += [f"hold_ms={spec.hold_ms}"] + ["force=1"] * spec.force
    if spec.mode is Mode.CRASH:
        words += ["confirm=1", f"crash_after={spec.crash_after}"]
    return " ".join([*words, *_filters(filters)])


def _filters(filters: Filters) -> list[str]:
    numbers = {
        "pid": filters.pid,
        "tgid": filters.tgid,
        "nr": filters.nr,
        "every": filters.every,
        "limit": filters.limit,
    }
    words = [f"{name}={number}" for name, number in numbers.items() if number is not None]
    return words + [f"comm={filters.comm}"] * bool(filters.comm)
