# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether two targets of one kernel say the same of a probe, where both say something."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator

from inspector.errors import NothingMatched
from inspector.model.probe import ProbeAnswer, ProbeOutcome
from inspector.model.record import Mechanism
from inspector.queries.target import TargetSource

Place = tuple[str, int]

_FURTHEST = 30  # bytes into a function


def spread(names: Iterable[str], count: int) -> Iterator[Place]:
    """``count`` places in functions, two of three at their first byte; the same ones each time."""
    chosen = random.Random(16)
    every = sorted(names)
    for number, name in enumerate(chosen.sample(every, min(count, len(every)))):
        yield name, chosen.randrange(1, _FURTHEST) if number % 3 == 2 else 0


def compared(
    whole: TargetSource, other: TargetSource, places: Iterable[Place]
) -> tuple[Counter[str], list[str]]:
    """How many answers are equal, and how many less than that; and those that are different."""
    counts: Counter[str] = Counter()
    different = []
    for name, offset in places:
        ours, theirs = _asked(whole, name, offset), _asked(other, name, offset)
        if ours is None or theirs is None:
            counts["nothing"] += ours is not theirs
            continue
        if told := _different(ours, theirs):
            different.append(f"{name}+{offset}: {told}")
        counts["equal" if _facts(ours) == _facts(theirs) else "less"] += 1
    return counts, different


def _asked(source: TargetSource, name: str, offset: int) -> ProbeAnswer | None:
    try:
        return source.probe(name, offset, None, name)
    except NothingMatched:
        return None


def _facts(told: ProbeAnswer) -> tuple[object, ...]:
    jump = told.optimisation
    return (
        (told.registration.outcome, told.registration.errno),
        told.mechanism,
        jump.possible if jump else None,
        (told.events.outcome, told.events.errno),
        told.address,
        tuple((held.register, held.value) for held in told.registers),
        tuple((way.name, way.works, way.here) for way in told.ways),
    )


def _different(ours: ProbeAnswer, theirs: ProbeAnswer) -> str:
    if theirs.registration.outcome is ProbeOutcome.UNKNOWN:
        return ""
    if _facts(ours)[0] != _facts(theirs)[0]:
        return f"{ours.registration} is not {theirs.registration}"
    if theirs.mechanism not in (ours.mechanism, Mechanism.UNKNOWN):
        return f"{ours.mechanism} is not {theirs.mechanism}"
    jump, other = ours.optimisation, theirs.optimisation
    if jump and other and other.possible not in (jump.possible, ProbeOutcome.UNKNOWN):
        return f"{jump} is not {other}"
    if theirs.events.outcome is not ProbeOutcome.UNKNOWN and _facts(ours)[3] != _facts(theirs)[3]:
        return f"{ours.events} is not {theirs.events}"
    if theirs.address not in (ours.address, None):
        return f"{ours.address} is not {theirs.address}"
    return ""
