"""Each word of the prompt, run by the prompt's own runner on shipped dumps."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.commands.catalogue import COMMANDS
from inspector.commands.failure import Status
from inspector.commands.session import Session
from inspector.model.origin import Origin
from inspector.repl.catalogue import ALIASES, WORDS
from inspector.repl.runner import Runner
from inspector.repl.workbench import Leave, Workbench
from inspector.target.spec import TargetKind, TargetSpec, shipped_dump
from tests.demo import INT80, int3_frame, pid, tasks


@dataclass(frozen=True)
class Prompt:
    """A session without a terminal."""

    bench: Workbench
    out: io.StringIO
    err: io.StringIO

    def run(self, line: str) -> tuple[int, str]:
        """The status of ``line``, and what it wrote to standard output."""
        self.out.truncate(self.out.seek(0))
        return Runner(self.bench).run(line), self.out.getvalue()

    def said(self) -> str:
        """What was written to standard error so far."""
        return self.err.getvalue()


@pytest.fixture
def closed() -> Iterator[Prompt]:
    """With nothing open."""
    out, err = io.StringIO(), io.StringIO()
    prompt = Prompt(Workbench(Session(out, err, "sudo inspector")), out, err)
    yield prompt
    if prompt.bench.opened is not None:
        prompt.bench.opened.held.close()


@pytest.fixture
def prompt(closed: Prompt) -> Prompt:
    """On the dump that ``--demo`` opens."""
    closed.bench.open(TargetSpec(TargetKind.DEMO))
    return closed


def addresses(text: str) -> list[int]:
    """Those at the beginnings of lines."""
    return [int(found, 16) for found in re.findall(r"^\W*(0x[0-9a-f]{16})\b", text, re.MULTILINE)]


def test_a_dump_s_prompt_begins_with_the_task_that_panicked(prompt: Prompt) -> None:
    task = prompt.bench.selection.task
    assert task is not None
    assert (task.pid, task.comm) == (1000, "forker")
    assert prompt.bench.selection.frame is None


def test_select_chooses_a_task_by_its_pid(prompt: Prompt) -> None:
    status, text = prompt.run(f"select {pid(INT80)}")
    selected = prompt.bench.selection
    assert status == Status.WHOLE
    assert selected.task == tasks()[INT80]
    assert [frame.origin for frame in selected.frames] == [Origin.INT80]
    assert addresses(text) == [selected.frames[0].address]
    assert f"{tasks()[INT80].address:#x}" in text


def test_select_chooses_a_frame_by_its_address(prompt: Prompt) -> None:
    frame = int3_frame()
    assert prompt.run(f"select {frame.address:#x}")[0] == Status.WHOLE
    assert prompt.bench.selection.frame == frame
    assert prompt.bench.selection.task == frame.task


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("select 999999", Status.NOTHING_MATCHED),
        ("select nobody", Status.BAD_USAGE),
        ("select 1 2", Status.BAD_USAGE),
    ],
)
def test_select_of_nothing_leaves_the_selection_alone(
    prompt: Prompt, line: str, status: Status
) -> None:
    before = prompt.bench.selection
    assert prompt.run(line) == (status, "")
    assert prompt.bench.selection == before
    assert prompt.said()


def test_next_and_prev_walk_through_the_frames_of_the_task(prompt: Prompt) -> None:
    frames = prompt.bench.selection.frames
    assert [f.origin for f in frames] == [Origin.CRASH_NOTE, Origin.INT3, Origin.SYSCALL]
    for line, at in (("next", 0), ("next", 1), ("up", 2), ("prev", 1), ("down", 0)):
        status, text = prompt.run(line)
        assert status == Status.WHOLE
        assert prompt.bench.selection.frame == frames[at]
        assert addresses(text) == [frame.address for frame in frames]
        marked = [row for row in text.splitlines() if row.startswith("▶")]
        assert addresses("\n".join(marked)) == [frames[at].address]


@pytest.mark.parametrize(("steps", "last"), [(["prev", "prev"], 0), (["next"] * 4, 2)])
def test_next_and_prev_stop_at_the_ends(prompt: Prompt, steps: list[str], last: int) -> None:
    statuses = [prompt.run(step)[0] for step in steps]
    assert statuses == [Status.WHOLE] * (len(steps) - 1) + [Status.NOTHING_MATCHED]
    assert prompt.bench.selection.at == last


def test_next_needs_a_task(closed: Prompt) -> None:
    assert closed.run("next")[0] == Status.BAD_USAGE
    assert closed.run("prev")[0] == Status.BAD_USAGE


def test_open_takes_another_dump_and_selects_its_task(prompt: Prompt) -> None:
    status, text = prompt.run(f"open {shipped_dump('oops-6.1')}")
    assert status == Status.WHOLE
    opened, selected = prompt.bench.opened, prompt.bench.selection
    assert opened is not None
    assert opened.spec == TargetSpec(TargetKind.CORE, str(shipped_dump("oops-6.1")))
    assert selected.task is not None
    assert selected.task != tasks()["forker"]
    assert f"pid {selected.task.pid} " in text
    assert opened.first.kernel_identity.release in text


def test_open_that_fails_keeps_what_is_open(prompt: Prompt, tmp_path: Path) -> None:
    before = prompt.bench.opened
    for target in (f"{tmp_path}/none", "--demo --live", f"{tmp_path} --core {tmp_path}"):
        assert prompt.run(f"open {target}") == (Status.BAD_USAGE, "")
    assert prompt.bench.opened is before
    assert prompt.run("frames 1000 --origin int3 --format csv")[1].count("\n") == 2


def test_refresh_reads_anew_and_answers_the_last_question_again(prompt: Prompt) -> None:
    prompt.run(f"select {pid(INT80)}")
    asked = prompt.run("frames --origin int3 --format csv")
    before = prompt.bench.opened
    assert prompt.run("refresh") == asked
    assert prompt.bench.opened is not before
    assert prompt.bench.selection.task == tasks()[INT80]


def test_refresh_needs_a_target(closed: Prompt) -> None:
    assert closed.run("refresh") == (Status.BAD_USAGE, "")


@pytest.mark.parametrize("line", ["watch frames", "watch -n 1 diff", "watch", "watch -n 0 diff"])
def test_watch_is_for_what_moves(prompt: Prompt, line: str) -> None:
    """tests/guest/test_repl_live.py watches a kernel that does."""
    assert prompt.run(line) == (Status.BAD_USAGE, "")


def test_set_shows_every_choice(prompt: Prompt) -> None:
    status, text = prompt.run("set")
    assert status == Status.WHOLE
    assert [line.split() for line in text.splitlines()] == [
        ["numbers", "hex"],
        ["registers", "differing"],
        ["editing", "emacs"],
    ]


@pytest.mark.parametrize(
    ("name", "usual", "other", "current"),
    [
        ("numbers", "hex", "decimal", lambda bench: bench.view.decimal),
        ("registers", "differing", "all", lambda bench: bench.view.show_all),
        ("editing", "emacs", "vi", lambda bench: bench.vi_mode),
    ],
)
def test_set_changes_one(
    prompt: Prompt, name: str, usual: str, other: str, current: Callable[[Workbench], bool]
) -> None:
    for value, is_other in ((other, True), (usual, False)):
        status, text = prompt.run(f"set {name} {value}")
        assert (status, text.split()) == (Status.WHOLE, [name, value])
        assert current(prompt.bench) is is_other
    assert prompt.run(f"set {name} no-such")[0] == Status.BAD_USAGE
    assert prompt.run("set no-such")[0] == Status.BAD_USAGE


def test_numbers_that_are_set_to_decimal_are_shown_so(prompt: Prompt) -> None:
    word = int3_frame().registers.ip
    shown = {}
    for base in ("hex", "decimal"):
        prompt.run(f"set numbers {base}")
        shown[base] = prompt.run(f"explain {int3_frame().address:#x} ip")[1]
    assert f"{word:#x}" in shown["hex"]
    assert f"{word:#x}" not in shown["decimal"]


def test_source_runs_the_lines_of_a_file(prompt: Prompt, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text(f"# two commands and Python\nselect {pid(INT80)}\nfound = task.pid.value_()\n")
    assert prompt.run(f"source {lines}")[0] == Status.WHOLE
    assert prompt.bench.selection.task == tasks()[INT80]
    assert prompt.run("found") == (Status.WHOLE, f"{pid(INT80)}\n")
    lines.write_text("frames --syscall getpid")
    assert prompt.run(f"source {lines}")[0] == Status.NOTHING_MATCHED


def test_source_of_no_text_is_refused(prompt: Prompt, tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (binary, tmp_path / "none", tmp_path):
        assert prompt.run(f"source {path}") == (Status.BAD_USAGE, "")


def test_help_lists_every_word_and_tells_of_each(prompt: Prompt) -> None:
    status, text = prompt.run("help")
    assert status == Status.WHOLE
    listed = [found[1] for found in re.finditer(r"^  ([a-z]+) ", text, re.MULTILINE)]
    assert {*COMMANDS, *WORDS} <= {*listed}
    for word in (*COMMANDS, *WORDS):
        status, text = prompt.run(f"help {word}")
        assert status == Status.WHOLE
        assert text.startswith(f"Usage: {word} ")
        assert prompt.run(f"{word}?") == (status, text)
    assert "F2" in prompt.run("help keys")[1]
    assert prompt.run("help no-such") == (Status.BAD_USAGE, "")


@pytest.mark.parametrize("word", ["quit", *(a for a, of in ALIASES.items() if of == "quit")])
def test_quit_leaves(prompt: Prompt, word: str) -> None:
    with pytest.raises(Leave):
        prompt.run(word)


def test_ps_lists_the_tasks(prompt: Prompt) -> None:
    status, text = prompt.run("ps")
    assert status == Status.WHOLE
    assert f"{tasks()['forker'].address:#x}" in text
    assert len(text.splitlines()) == 1 + len(prompt.bench.names.tasks)


def test_ps_takes_names_and_pids(prompt: Prompt) -> None:
    status, text = prompt.run("ps fork* 1")
    assert status == Status.WHOLE
    found = {f"{task.address:#x}" for task in prompt.bench.names.tasks} & {*text.split()}
    assert found == {f"{task.address:#x}" for task in (tasks()["init"], tasks()["forker"])}
    assert prompt.run("ps nobody") == (Status.NOTHING_MATCHED, "")


def test_bt_is_the_stack_of_the_selected_task(prompt: Prompt) -> None:
    assert prompt.run("bt") == prompt.run("stack")
    prompt.run(f"select {pid(INT80)}")
    status, text = prompt.run("bt")
    assert status == Status.WHOLE
    assert tasks()[INT80].entry_address in addresses(text)
    assert prompt.run("bt 1000") == prompt.run("stack 1000")
    assert prompt.run("bt 999999")[0] == Status.NOTHING_MATCHED
    assert prompt.run("bt --all-cpus")[0] == Status.BAD_USAGE


def test_sys_names_the_target_and_the_kernel(prompt: Prompt) -> None:
    opened = prompt.bench.opened
    assert opened is not None
    status, text = prompt.run("sys")
    assert status == Status.WHOLE
    assert opened.first.kernel_identity.release in text
    assert f"{len(prompt.bench.names.tasks)} tasks" in text
    assert f"{tasks()['forker'].address:#x}" in text


@pytest.mark.parametrize("options", ["", " -t", " -T"])
def test_log_asks_drgn_which_says_what_a_small_dump_lacks(prompt: Prompt, options: str) -> None:
    assert prompt.run(f"log{options}") == (Status.BAD_USAGE, "")
    said = prompt.said()
    assert said.startswith("inspector: crash log: ")
    assert prompt.run(f"crash log{options}") == (Status.BAD_USAGE, "")
    assert prompt.said() == 2 * said


def test_crash_runs_drgns_command(prompt: Prompt) -> None:
    status, text = prompt.run("crash mod")
    assert status == Status.WHOLE
    assert {"framefreeze", "framelab"} <= {*text.split()}
    symbol = prompt.bench.python()["prog"].symbol("kernel_clone").address
    assert f"{symbol:x}" in prompt.run("crash sym kernel_clone")[1].lower()
    assert prompt.run("crash no-such")[0] == Status.BAD_USAGE
    assert prompt.run("crash")[0] == Status.BAD_USAGE


@pytest.mark.parametrize("line", ["ps", "bt", "sys", "log", "crash mod"])
def test_words_of_crash_need_a_target(closed: Prompt, line: str) -> None:
    assert closed.run(line)[0] == Status.BAD_USAGE
