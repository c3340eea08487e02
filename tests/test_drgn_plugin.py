# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands inside drgn itself, started as its user starts it."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import ROOT, Inspector

DRGN = Path(sys.executable).with_name("drgn")
_CRASH = Path(sys.executable).with_name("drgn-crash")
_SECONDS = 60
IMPORT = "from drgn.commands import run_command\n"


@pytest.fixture(scope="session")
def dump(root: Path) -> Path:
    return root / "dumps" / "fork-6.1.vmcore"


def typed(home: Path, argv: list[str | Path], prompt: str, line: str, bye: str) -> str:
    """What a terminal shows when ``line`` is typed at the prompt of ``argv``, then ``bye``."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "dumb", "PAGER": "cat", "HOME": str(home)}
    with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env) as process:
        os.close(slave)
        shown = _until_prompt(master, prompt)
        os.write(master, f"{line}\n".encode())
        shown += _until_prompt(master, prompt)
        os.write(master, f"{bye}\n".encode())
        process.wait(_SECONDS)
        os.close(master)
    return shown


def _until_prompt(master: int, prompt: str) -> str:
    shown, until = "", time.monotonic() + _SECONDS
    while not shown.endswith(prompt):
        assert time.monotonic() < until, shown
        if select.select([master], [], [], 1)[0]:
            shown += os.read(master, 65536).decode(errors="replace")
    return shown


def in_drgn(dump: Path, code: str) -> subprocess.CompletedProcess[str]:
    argv: list[str | Path] = [DRGN, "-q", "-c", dump, "-e", f"{IMPORT}{code}"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)


def test_the_same_frames_as_on_the_command_line(dump: Path, inspector: Inspector) -> None:
    result = in_drgn(dump, "run_command(prog, 'frames --format json')")
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    ours = json.loads(inspector("frames", "-c", dump, "--format", "json").stdout)
    assert answer["target"]["kind"] == "program"
    assert answer["kernel"] == ours["kernel"]
    assert answer["frames"] == ours["frames"]


def test_every_command_answers_twice_in_one_program(dump: Path) -> None:
    lines = ["framediff", "frameexplain", "framestack", "frameprobe kernel_clone", "framediff"]
    code = "\n".join(
        f"print('== {line}', flush=True); run_command(prog, {line!r})" for line in lines
    )
    result = in_drgn(dump, code)
    assert result.returncode == 0, result.stderr
    parts = re.split(r"== .*\n", result.stdout)[1:]
    assert len(parts) == len(lines)
    assert all(part.strip() for part in parts)
    assert parts[0] == parts[4]
    assert "-ENOSYS" in parts[0]


@pytest.mark.parametrize("command", ["frames 999999", "frames --demo", "framediff --nonsense"])
def test_an_error_is_drgns_one_line(dump: Path, command: str) -> None:
    result = in_drgn(dump, f"run_command(prog, {command!r})")
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("drgn.commands.CommandError: ")


def test_percent_frames_at_drgns_prompt(dump: Path, tmp_path: Path) -> None:
    shown = typed(tmp_path, [DRGN, "-q", "-c", dump], ">>> ", "%frames --origin int3", "quit()")
    assert "__x64_sys_fork" in shown.partition("%frames")[2]
    assert "Traceback" not in shown


def test_frames_at_drgn_crashs_prompt(dump: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [_CRASH, dump],
        input="frames --origin int3 | cat\nexit\n",
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert "__x64_sys_fork" in result.stdout.partition("%crash> ")[2]


def test_no_name_is_one_of_drgns(dump: Path) -> None:
    code = (
        "import drgn.commands._crash\nfrom drgn.commands._crash.common import *\n"
        "from drgn.commands import DEFAULT_COMMAND_NAMESPACE as ours\n"
        "from inspector.drgn_plugin import COMMANDS\n"
        "for space in (ours, CRASH_COMMAND_NAMESPACE):\n"
        "    for name, command in space._commands.items():\n"
        "        if name in COMMANDS: assert type(command).__name__ == 'FrameCommand', name\n"
        "print('checked')"
    )
    assert in_drgn(dump, code).stdout == "checked\n"


SCRIPTS = sorted((ROOT / "scripts/drgn").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_runs_as_its_first_lines_say(script: Path, dump: Path) -> None:
    said = re.search(r"drgn -c vmcore (\S+\.py)", script.read_text())
    assert said is not None
    assert ROOT / said[1] == script
    argv: list[str | Path] = [DRGN, "-c", dump, script]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stdout.splitlines()) > 3


def test_the_scripts_say_what_the_command_line_says(dump: Path, inspector: Inspector) -> None:
    def lines(name: str) -> list[str]:
        argv: list[str | Path] = [DRGN, "-c", dump, ROOT / "scripts/drgn" / name]
        return subprocess.run(
            argv, stdout=subprocess.PIPE, text=True, check=True
        ).stdout.splitlines()

    frames = json.loads(inspector("frames", "-c", dump, "--format", "json").stdout)["frames"]
    on_stacks = [frame for frame in frames if frame["found_in"] == "stack"]
    counted = {line.split()[1]: int(line.split()[0]) for line in lines("origins.py")}
    assert counted == Counter(frame["origin"] for frame in on_stacks)
    syscalls = {(line.split()[0], line.split()[2]) for line in lines("syscalls.py")}
    assert syscalls == {
        (str(frame["task"]["pid"]), str(frame["syscall"]["nr"]))
        for frame in on_stacks
        if frame["syscall"]
    }
    differing = json.loads(inspector("diff", "-c", dump, "--format", "json").stdout)["fields"]
    assert [line.split()[0] for line in lines("why_they_differ.py")] == [
        field["register"] for field in differing if not field["same"]
    ]
