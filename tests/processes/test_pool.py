# SPDX-License-Identifier: LGPL-2.1-or-later
"""Parts are answered by children at once, and still in order; no child is left behind."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from inspector.errors import NothingMatched, TargetError
from inspector.processes.pool import Answer, Turn, answered

FIRST = 0


def added(part: int, turn: Turn) -> tuple[int, Answer]:
    time.sleep(0.05 / part)  # later ones are ready sooner
    total = turn() + part
    return total, {"sum": total, "pid": os.getpid()}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = left()
    yield
    assert left() - before == set()


def left() -> set[str]:
    """This process's children and pipes, those of other tests too."""
    tasks = Path("/proc/self/task").glob("*/children")
    children = {f"child {pid}" for task in tasks for pid in task.read_text().split()}
    files = Path("/proc/self/fd")
    return children | {f for f in map(_target, files.iterdir()) if f.startswith("pipe:")}


def _target(file: Path) -> str:
    with suppress(OSError):  # that of the list itself is gone
        return os.readlink(file)
    return ""


@pytest.mark.parametrize("at_once", [1, 2, 3, 20])
def test_each_part_is_answered_in_its_turn(at_once: int) -> None:
    answers = list(answered(range(1, 11), added, FIRST, at_once))
    assert [answer["sum"] for answer in answers] == [1, 3, 6, 10, 15, 21, 28, 36, 45, 55]
    assert len({answer["pid"] for answer in answers} - {os.getpid()}) == 10


def test_no_parts_are_no_answers() -> None:
    assert list(answered([], added, FIRST, 2)) == []


def test_what_children_write_is_in_order(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:

        def written(part: int, turn: Turn) -> tuple[int, Answer]:
            time.sleep(0.05 / part)
            turn()
            out.write(f"{part} " * 5000)
            out.flush()
            return 0, {"part": part}

        list(answered(range(1, 8), written, FIRST, 3))
    text = (tmp_path / "out").read_text()
    assert text.split() == [str(part) for part in range(1, 8) for _ in range(5000)]


@pytest.mark.parametrize(
    ("raised", "seen"),
    [
        (NothingMatched("no such thing"), TargetError),
        (OSError(errno.ENOSPC, "full"), OSError),
        (BrokenPipeError(errno.EPIPE, "closed"), BrokenPipeError),
        (ZeroDivisionError("a fault of ours"), RuntimeError),
    ],
)
def test_an_error_of_a_part_is_raised_after_those_before_it(
    raised: Exception, seen: type[Exception]
) -> None:
    def failing(part: int, turn: Turn) -> tuple[int, Answer]:
        if part == 3:
            raise raised
        return added(part, turn)

    answers = answered(range(1, 11), failing, FIRST, 3)
    assert [next(answers)["sum"] for _ in range(2)] == [1, 3]
    with pytest.raises(seen) as caught:
        next(answers)
    if isinstance(raised, OSError):
        assert isinstance(caught.value, OSError)
        assert caught.value.errno == raised.errno
    else:
        assert str(raised) in str(caught.value)


def test_a_child_that_is_killed_is_said() -> None:
    def killed(part: int, turn: Turn) -> tuple[int, Answer]:
        if part == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return added(part, turn)

    with pytest.raises(TargetError, match="SIGKILL"):
        list(answered(range(1, 6), killed, FIRST, 2))


def test_an_answer_may_be_longer_than_a_pipe_holds() -> None:
    def long(part: int, turn: Turn) -> tuple[int, Answer]:
        turn()
        return 0, {"text": str(part) * 200_000}

    answers = list(answered(range(1, 5), long, FIRST, 2))
    assert [len(answer["text"]) for answer in answers] == [200_000] * 4


def test_children_are_ended_where_nobody_waits_any_more() -> None:
    def slow(_part: int, _turn: Turn) -> tuple[int, Answer]:
        time.sleep(60)
        return 0, {"part": 1}

    def parts() -> Iterator[int]:
        yield from (1, 2)
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(answered(parts(), slow, FIRST, 3))
    assert time.monotonic() - began < 30
