# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program reads of ``frames`` is written as it is read: told by the order of both."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import pytest

from inspector.commands.catalogue import load_command
from inspector.commands.session import Session
from inspector.model.frame import Found
from inspector.model.task import Task
from inspector.queries.target import TargetSource

Event = tuple[str, object]


class _Told(io.StringIO):
    """A stream that notes every line it is given."""

    def __init__(self, events: list[Event]) -> None:
        super().__init__()
        self._events = events

    def write(self, text: str) -> int:
        for line in text.splitlines():
            self._events.append(("written", line))
        return super().write(text)

    def flush(self) -> None:
        self._events.append(("flushed", None))


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Every task that is read, as it is read, on the shipped dump."""
    noted: list[Event] = []
    read = TargetSource.found_of

    def told(source: TargetSource, task: Task) -> Sequence[Found]:
        noted.append(("read", task.pid))
        return read(source, task)

    monkeypatch.setattr(TargetSource, "found_of", told)
    return noted


def run(events: list[Event], output: str) -> str:
    command = load_command("frames")
    assert command is not None
    session = Session(_Told(events), io.StringIO(), "")
    with command.make_context("frames", ["--demo", "--format", output], obj=session) as context:
        assert command.invoke(context) == 0
    assert isinstance(session.out, io.StringIO)
    return session.out.getvalue()


def test_jsonl_has_a_tasks_frames_before_the_next_task_is_read(events: list[Event]) -> None:
    run(events, "jsonl")
    assert events[0][0] == "written"
    assert json.loads(str(events[0][1]))["schema"] == "inspector.frames/1"
    pids = [pid for kind, pid in events if kind == "read"]
    assert len(set(pids)) == len(pids) > 10
    reading = None
    for kind, what in events[1:-1]:
        if kind == "read":
            reading = what
        elif kind == "written":
            frame = json.loads(str(what))
            assert frame["task"]["pid"] == reading or frame["found_in"] == "note"
    assert events[-1][0] == "written"
    assert "missing" in json.loads(str(events[-1][1]))


def test_the_header_and_the_first_frame_of_jsonl_are_not_held_back(events: list[Event]) -> None:
    run(events, "jsonl")
    kinds = [kind for kind, _what in events]
    assert kinds[:2] == ["written", "flushed"]
    first = kinds.index("written", 1)
    assert kinds[first + 1] == "flushed"


@pytest.mark.parametrize("output", ["json", "csv"])
def test_the_other_forms_for_programs_are_begun_before_all_is_read(
    output: str, events: list[Event]
) -> None:
    run(events, output)
    kinds = [kind for kind, _what in events]
    last_read = len(kinds) - 1 - kinds[::-1].index("read")
    assert kinds[:last_read].count("written") > 10
