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
from inspector.processes.pool import answered


def squared(part: int) -> tuple[int, int]:
    """The square, and which process made it."""
    time.sleep(0.05 / part)  # later ones are ready sooner
    return part * part, os.getpid()


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
def test_answers_come_in_the_order_of_the_parts(at_once: int) -> None:
    answers = list(answered(range(1, 11), squared, at_once))
    assert [square for square, _pid in answers] == [part * part for part in range(1, 11)]
    assert len({pid for _square, pid in answers} - {os.getpid()}) == 10


def test_no_parts_are_no_answers() -> None:
    assert list(answered([], squared, 2)) == []


def test_no_more_are_at_work_than_are_allowed() -> None:
    taken = []

    def parts() -> Iterator[int]:
        for part in range(1, 8):
            taken.append(part)
            yield part

    answers = answered(parts(), squared, 3)
    for number in range(1, 5):
        next(answers)
        assert taken == list(range(1, number + 4))
    answers.close()  # type: ignore[attr-defined]


def test_a_worker_has_what_was_made_before_it_was_forked() -> None:
    made: list[int] = []

    def parts() -> Iterator[int]:
        for part in range(1, 6):
            made.append(part)
            yield part

    def seen(_part: int) -> list[int]:
        made.append(0)  # which nobody else sees
        return made

    assert list(answered(parts(), seen, 2)) == [[*range(1, last + 1), 0] for last in range(1, 6)]


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
    def failing(part: int) -> tuple[int, int]:
        if part == 3:
            raise raised
        return squared(part)

    answers = answered(range(1, 11), failing, 3)
    assert [next(answers)[0] for _ in range(2)] == [1, 4]
    with pytest.raises(seen) as caught:
        next(answers)
    if isinstance(raised, OSError):
        assert isinstance(caught.value, OSError)
        assert caught.value.errno == raised.errno
    else:
        assert str(raised) in str(caught.value)


def test_a_child_that_is_killed_is_said() -> None:
    def killed(part: int) -> tuple[int, int]:
        if part == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return squared(part)

    with pytest.raises(TargetError, match="SIGKILL"):
        list(answered(range(1, 6), killed, 2))


def test_a_worker_that_leaves_without_an_answer_is_said() -> None:
    with pytest.raises(TargetError):
        list(answered([1, 2], lambda _part: os._exit(0), 2))


def test_an_answer_that_cannot_be_sent_is_an_internal_error() -> None:
    with pytest.raises(RuntimeError, match="pickle"):
        list(answered([1, 2], lambda _part: lambda: None, 2))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_a_command_is_the_parents_alone(number: signal.Signals) -> None:
    def struck(part: int) -> tuple[int, int]:
        os.kill(os.getpid(), number)
        return squared(part)

    assert [square for square, _pid in answered([1, 2, 3], struck, 2)] == [1, 4, 9]


def test_an_answer_may_be_longer_than_a_pipe_holds() -> None:
    answers = answered(range(1, 5), lambda part: str(part) * 200_000, 2)
    assert list(answers) == [str(part) * 200_000 for part in range(1, 5)]


def test_children_are_ended_where_nobody_waits_any_more() -> None:
    def slow(_part: int) -> None:
        time.sleep(60)

    def parts() -> Iterator[int]:
        yield from (1, 2)
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        list(answered(parts(), slow, 3))
    assert time.monotonic() - began < 30
