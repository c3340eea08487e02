# SPDX-License-Identifier: LGPL-2.1-or-later
"""``--records FILE``: what a file of records answers, and what is refused as one."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import InspectorError
from inspector.formats.records import parse_saved, saved_text
from inspector.queries.diff import compared
from inspector.queries.explain import explained
from inspector.queries.records import SavedSource, save
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from tests.conftest import Inspector


@pytest.fixture(scope="module")
def text() -> str:
    """What the module recorded in the shipped dump, saved."""
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        return saved_text(save(source))


@pytest.fixture(scope="module")
def saved(text: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records") / "fork.json"
    path.write_text(text)
    return path


def told(inspector: Inspector, *arguments: str | Path) -> dict[str, Any]:
    result = inspector(*arguments, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_what_is_read_is_what_was_written(text: str) -> None:
    assert saved_text(parse_saved(text.encode())) == text


@pytest.mark.parametrize("command", ["diff", "explain"])
@pytest.mark.parametrize("index", ["0", "1", "5"])
def test_a_record_answers_from_the_file_as_from_the_dump(
    command: str, index: str, saved: Path, inspector: Inspector
) -> None:
    from_dump = told(inspector, command, "--demo", "--record", index)
    from_file = told(inspector, command, "--records", saved, "--record", index)
    assert from_file.pop("target") == {"kind": "records", "path": str(saved), "format": "records"}
    del from_dump["target"]
    # What became of the kernel later is not in the file.
    assert from_file.pop("killed_by", None) is None
    from_dump.pop("killed_by", None)
    assert from_file == from_dump


def test_the_frames_of_the_file_are_the_records_of_the_dump(
    saved: Path, inspector: Inspector
) -> None:
    of_dump = told(inspector, "frames", "--demo", "--with-records")["frames"]
    of_file = told(inspector, "frames", "--records", saved)["frames"]
    assert of_file == [frame for frame in of_dump if frame["found_in"] == "record"]
    assert len(of_file) == 24  # twelve hits, each with the task's entry frame


def test_the_timeline_is_the_same_and_in_order(saved: Path, inspector: Inspector) -> None:
    from_dump = told(inspector, "diff", "--demo", "--timeline", "--record", "4")
    from_file = told(inspector, "diff", "--records", saved, "--timeline", "--record", "4")
    assert from_file["schema"] == "inspector.timeline/1"
    assert from_file["moments"] == from_dump["moments"]
    seen = [(m["frame"]["origin"], m["orig_ax"]["value"]) for m in from_file["moments"]]
    trap = "0xffffffffffffffff"
    assert seen == [
        ("syscall", "0x39"),
        ("int3", trap),
        ("ftrace", "0x0"),
        ("optprobe", trap),
        ("kretprobe", trap),
    ]
    times = [m["since_ns"] for m in from_file["moments"]]
    assert times[:2] == [None, 0]
    assert times[1:] == sorted(times[1:])


def test_records_of_a_file_are_a_target_and_with_records_is_a_flag(
    saved: Path, inspector: Inspector
) -> None:
    for alone in (["--with-records"], ["--with-records", "1000"], ["1000", "--with-records"]):
        answer = told(inspector, "frames", "--demo", *alone)
        assert answer["target"]["kind"] == "demo"
        assert "record" in {frame["found_in"] for frame in answer["frames"]}
    for target in (["--records", str(saved), "1000"], [f"--records={saved}", "1000"]):
        answer = told(inspector, "frames", *target)
        assert answer["target"]["kind"] == "records"
        assert {frame["task"]["pid"] for frame in answer["frames"]} == {1000}
    both = inspector("frames", "--demo", "--records", saved)
    assert (both.returncode, len(both.stderr.splitlines())) == (2, 1)


def test_the_picture_and_the_task_of_the_last_record(saved: Path, inspector: Inspector) -> None:
    (stack,) = told(inspector, "stack", "--records", saved)["stacks"]
    assert [frame["origin"] for frame in stack["frames"]] == ["int3", "syscall"]
    assert stack["task"]["comm"] == "forker"
    probe = inspector("probe", "--records", saved, "kernel_clone")
    assert (probe.returncode, len(probe.stderr.splitlines())) == (2, 1)


def test_what_is_no_file_of_records_is_refused_in_one_line(
    text: str, tmp_path: Path, inspector: Inspector
) -> None:
    path = tmp_path / "bad"
    for content in bad_files(text):
        path.write_bytes(content)
        result = inspector("frames", "--records", path)
        assert (result.returncode, result.stdout) == (2, ""), content[:80]
        assert len(result.stderr.splitlines()) == 1
        assert "\x1b" not in result.stderr
    for absent in (tmp_path / "nothing", tmp_path):
        assert inspector("frames", "--records", absent).returncode == 2


def bad_files(text: str) -> Iterator[bytes]:
    yield b""
    yield b"\xff\xfe"
    yield text.encode()[: len(text) // 2]
    yield b"[" * 100_000
    yield b'{"schema": ' + b"9" * 5000 + b"}"
    yield text.replace("inspector.records/1", "inspector.records/2").encode()
    yield text.replace("inspector.records/1", "\\u001b[31m").encode()
    yield text.replace('"hits": ', '"hits": -', 1).replace('"records"', '"recordings"').encode()
    yield text.replace('"comm": "forker"', '"comm": "\\u001b[2J"').encode()
    yield text.replace('"origin": "int3"', '"origin": "int4"').encode()
    yield text.replace('"kthread"', '"kthreads"').replace('"orig_ax"', '"orig_bx"').encode()


def test_no_damage_of_a_value_is_a_fault_of_ours(text: str) -> None:
    """Whatever a hostile file says, it is refused, or answered in our own terms."""
    chance = random.Random(4)
    whole = json.loads(text)
    for _ in range(300):
        damaged = json.loads(text)
        damage(damaged, chance)
        assert damaged != whole
        complaints = []
        try:
            source = SavedSource(parse_saved(json.dumps(damaged).encode()), "damaged")
            ask_everything(source)
        except InspectorError as error:
            complaints.append(str(error))
        assert all(complaint.isprintable() for complaint in complaints)


def damage(value: Any, chance: random.Random) -> None:
    """Change one thing, somewhere."""
    while True:
        key: Any = chance.choice([*value] if isinstance(value, dict) else [*range(len(value))])
        if not isinstance(value[key], dict | list) or not value[key] or chance.random() < 0.05:
            value[key] = chance.choice(_ODD)(value[key])
            return
        value = value[key]


_ODD: list[Callable[[Any], Any]] = [
    lambda old: [old],
    lambda old: {"was": old},
    lambda old: f"{old}\x1b",
    lambda old: 1 << 70,
    lambda old: -7,
    lambda old: 0.5,
    lambda old: "0xfffffffffffffff7",
    lambda old: "int80",
]


def ask_everything(source: SavedSource) -> None:
    for task in source.tasks():
        source.stack(task)
    for hit in source.hits():
        explained(source, hit.given, hit.entry)
        if hit.entry is not None:
            compared(source, hit.entry, hit.given)
