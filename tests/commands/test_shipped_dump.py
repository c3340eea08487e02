# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command on the shipped dump of a real kernel, as a user runs it."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from inspector.model.registers import REGISTER_NAMES
from tests.conftest import Inspector

FRAME_KEYS = [
    "address",
    "origin",
    "user_mode",
    "stack",
    "found_in",
    "cpu",
    "task",
    "registers",
    "absent",
    "syscall",
    "vector",
    "delivery",
    "purpose",
    "error_code",
    "interrupted",
    "kprobe",
    "record",
    "evidence",
]


def answer(inspector: Inspector, *arguments: str) -> Any:
    result = inspector(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_manifest_and_files_agree(root: Path) -> None:
    manifest = json.loads((root / "dumps/manifest.json").read_text())
    for dump in manifest["dumps"]:
        content = (root / "dumps" / dump["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == dump["sha256"]
        assert len(content) == dump["size"] <= 4_000_000
        assert dump["kernel_text"].startswith("GPL-2.0; Debian source package linux ")


def test_diff_puts_the_syscall_frame_against_the_int3_frame(inspector: Inspector) -> None:
    diff = answer(inspector, "diff", "--demo", "--format", "json")
    assert diff["schema"] == "inspector.diff/1"
    assert (diff["left"]["origin"], diff["right"]["origin"]) == ("syscall", "int3")
    assert [field["register"] for field in diff["fields"]][:2] == ["orig_ax", "ax"]
    orig_ax, ax = diff["fields"][:2]
    assert (orig_ax["left"], orig_ax["right"]) == ("0x39", "0xffffffffffffffff")
    assert ax["left"] == "0xffffffffffffffda"
    assert {field["register"] for field in diff["fields"]} == set(REGISTER_NAMES)
    assert all(field["why"] for field in diff["fields"])
    for field in diff["fields"]:
        assert field["same"] is (field["left"] == field["right"])


def test_the_picture_names_both_frames_and_their_reasons(inspector: Inspector) -> None:
    shown = inspector("diff", "--demo").stdout
    for said in ("57 fork", "-38 -ENOSYS", "-1", "asm_exc_int3", "__x64_sys_fork+0x5"):
        assert said in shown
    assert shown.index("orig_ax") < shown.index("r15")


def test_frames_are_those_of_the_contract(inspector: Inspector) -> None:
    report = answer(inspector, "frames", "--demo", "--with-records", "--format", "json")
    assert list(report) == [
        *("schema", "target", "kernel", "frames", "killed_by", "survived_oopses", "missing"),
    ]
    assert report["schema"] == "inspector.frames/1"
    assert report["kernel"]["arch"] == "x86_64"
    for frame in report["frames"]:
        assert list(frame) == FRAME_KEYS
        assert set(frame["registers"]) == set(REGISTER_NAMES)
        assert frame["evidence"]
        for name in frame["absent"]:
            assert frame["registers"][name] is None
    # The crash note is a copy of a frame on the stack, and no second one.
    assert {frame["found_in"] for frame in report["frames"]} == {"stack", "record"}


@pytest.mark.parametrize(
    "arguments",
    [(), ("--origin", "syscall"), ("--comm", "f*"), ("--syscall", "fork"), ("--cpu", "0")],
)
def test_jsonl_and_csv_hold_the_same_frames_as_json(
    arguments: tuple[str, ...], inspector: Inspector
) -> None:
    frames = answer(inspector, "frames", "--demo", *arguments, "--format", "json")["frames"]
    lines = inspector("frames", "--demo", *arguments, "--format", "jsonl").stdout.splitlines()
    header, *middle, last = (json.loads(line) for line in lines)
    assert header["schema"] == "inspector.frames/1"
    assert last["missing"] == []
    assert middle == frames
    table = inspector("frames", "--demo", *arguments, "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["address"] for row in rows] == [frame["address"] for frame in frames]


def test_a_pid_and_addresses_name_tasks_and_frames(inspector: Inspector) -> None:
    diff = answer(inspector, "diff", "--demo", "--format", "json")
    task, right = diff["left"]["task"], diff["right"]
    for what in (str(task["pid"]), task["address"]):
        assert answer(inspector, "diff", "--demo", what, "--format", "json") == diff
    explained = answer(inspector, "explain", "--demo", right["address"], "--format", "json")
    assert explained["frame"]["origin"] == "int3"
    pair = (diff["right"]["address"], diff["left"]["address"])
    turned = answer(inspector, "diff", "--demo", *pair, "--format", "json")
    assert (turned["left"]["origin"], turned["right"]["origin"]) == ("int3", "syscall")


def test_the_stack_picture_has_call_frames_and_pt_regs_frames(inspector: Inspector) -> None:
    shown = inspector("stack", "--demo").stdout
    order = ["pt_regs: syscall", "do_syscall_64", "pt_regs: int3", "asm_exc_int3", "exc_int3"]
    places = [shown.index(word) for word in order]
    assert places == sorted(places)


def test_an_answer_without_a_terminal_has_no_escapes_and_no_trailing_blanks(
    inspector: Inspector,
) -> None:
    for command in ("diff", "frames", "explain", "stack"):
        shown = inspector(command, "--demo").stdout
        assert "\x1b" not in shown
        assert all(line == line.rstrip() for line in shown.splitlines())
        folded = [line for line in shown.splitlines() if not line.startswith("killed by ")]
        assert all(len(line) <= 100 for line in folded) or command == "frames"


def test_the_commands_that_the_demo_ends_with_answer_the_question(
    root: Path, inspector: Inspector
) -> None:
    demo = (root / "scripts/demo").read_text()
    readme = (root / "README.md").read_text()
    for command in ("explain --demo --record 4", "stack --demo", "frames --demo"):
        assert f"$here {command}" in demo
    assert "inspector explain --demo --record 4" in readme
    explained = answer(inspector, "explain", "--demo", "--record", "4", "--format", "json")
    assert explained["frame"]["origin"] == "ftrace"
    assert explained["frame"]["registers"]["orig_ax"] == "0x0"
    assert explained["frame"]["interrupted"] == "kernel_clone+0x1"
    assert explained["entry"]["syscall"]["name"] == "fork"
