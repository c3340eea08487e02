# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump with words of its structures changed: lists that loop, stacks that lie."""

from __future__ import annotations

import random
import time
from functools import cache

import pytest

from inspector.errors import InspectorError
from inspector.model.frame import Frame
from inspector.queries.target import TargetSource
from tests.overlay import survey_with

RUNS = 24
SOAK_RUNS = 2000
WORDS = 6  # changed at a time
SECONDS = 10


@cache
def places() -> tuple[int, ...]:
    """Addresses of words in tasks, on stacks, and of the kernel's own lists."""
    source = survey_with()
    found: list[int] = []
    for task in source.tasks():
        found += range(task.address, task.address + 0x1000, 8)
        if task.stack is not None:
            found += range(task.stack.high - 0x800, task.stack.high, 8)
    symbols = source.target.symbols
    for name in ("kprobe_table", "ftrace_pages_start", "modules", "crash_notes", "init_pid_ns"):
        at = symbols.address_of(name)
        assert at is not None
        found += range(at, at + 64, 8)
    return tuple(found)


def value(chance: random.Random, at: int) -> int:
    return chance.choice(
        (
            0,
            at,
            (1 << 64) - 1,
            0x8000_0000_0000_0000,
            chance.getrandbits(64),
            chance.choice(places()),
            1 << 40,
            chance.getrandbits(8),
        )
    )


def everything(source: TargetSource) -> list[Frame]:
    tasks = tuple(source.tasks())
    frames = [*source.frames(tasks), *source.note_frames(tasks)]
    for task in tasks[:8]:
        source.stack(task)
    source.machine()
    return frames


def damaged(seed: int) -> None:
    chance = random.Random(seed)
    words = {at: value(chance, at) for at in chance.sample(places(), WORDS)}
    began = time.monotonic()
    try:
        source = survey_with(words)
        everything(source)
    except InspectorError:
        pass  # refused as a whole, in one line: that is an answer
    assert time.monotonic() - began < SECONDS, words


@pytest.mark.parametrize("seed", range(RUNS))
def test_damage_is_said_and_nothing_worse(seed: int) -> None:
    damaged(seed)


@pytest.mark.soak
def test_much_damage_is_said_and_nothing_worse() -> None:
    for seed in range(RUNS, RUNS + SOAK_RUNS):
        damaged(seed)
