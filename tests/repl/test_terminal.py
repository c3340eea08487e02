"""A session at a real terminal, from the first prompt to Ctrl-D."""

from __future__ import annotations

import stat
from pathlib import Path

import click
import pytest

from inspector.commands.catalogue import load_command
from inspector.model.registers import as_int64
from tests.demo import INT80, int3_frame, pid, tasks
from tests.repl.screen import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """On the shipped dump, at the first prompt."""
    session = Terminal(tmp_path, "repl", "--demo")
    session.see("Tab completes", "forker 1000>")
    return session


def test_a_whole_session(terminal: Terminal) -> None:
    terminal.type("diff 11")
    terminal.see(f"{pid(INT80)}    {INT80}", "11     rcu_tasks_kthre")
    terminal.type("\x15")
    terminal.run("diff 1000 | head -9", "SYSCALL from 64-bit code", "a breakpoint trap")
    terminal.run(f"select {pid(INT80)}", "int80 · pause", f"{INT80} {pid(INT80)}>")
    terminal.run("select 1000", "forker 1000>")
    terminal.type("\x1b[19~\x1b[19~")  # F8 twice: the innermost frame, and the next
    terminal.see("forker 1000 int3>", "forker 1000 int3 2/3")
    terminal.run("explain orig_ax", "-1 – the int3 entry pushes -1")
    terminal.run("task.comm", '(char [16])"forker"')
    terminal.run("frame.registers.ax", "\n57")
    terminal.run("frames | grep read", f"{pid('read')}  read", "syscall")
    assert terminal.leave() == 0


def short_help(name: str) -> str:
    command = load_command(name)
    assert command is not None
    return command.get_short_help_str(limit=100)


def option_help(name: str, option: str) -> str:
    command = load_command(name)
    assert command is not None
    (found,) = (p for p in command.params if p.name == option)
    assert isinstance(found, click.Option)
    return found.help or ""


@pytest.mark.terminal
def test_ctrl_c_stops_what_runs_and_nothing_else(terminal: Terminal) -> None:
    terminal.run("started = 1", "started = 1")
    terminal.begin("while True: pass")
    terminal.type("\x03")
    terminal.see("interrupted")
    terminal.run("started + 41", "\n42")
    assert terminal.leave() == 0


@pytest.mark.terminal
def test_ctrl_c_stops_a_long_scan_of_drgn_s(terminal: Terminal) -> None:
    """It searches memory in C, without end: 64 TB of zeros."""
    terminal.run("zeros = bytes(1 << 20)", "zeros")
    terminal.run("scanned = drgn.Program(drgn.Platform(drgn.Architecture.X86_64))", "scanned")
    reader = "lambda address, count, offset, physical: zeros[:count] or bytes(count)"
    terminal.run(f"scanned.add_memory_segment(0, 1 << 46, {reader})", "add_memory_segment")
    terminal.run("print('scanning'); list(scanned.search_memory(b'needle'))", "\nscanning")
    terminal.settle(1)
    terminal.type("\x03")
    terminal.see("interrupted")
    terminal.run("40 + 2", "\n42")
    assert terminal.leave() == 0


@pytest.mark.terminal
def test_ctrl_c_drops_the_line_and_a_wrong_line_ends_nothing(terminal: Terminal) -> None:
    terminal.type("frames --no")
    terminal.type("\x03")
    terminal.run("frames --no-such", "no such option '--no-such'", "not understood")
    terminal.run("frames --syscall getpid", "nothing matched")
    terminal.run("framse", "did you mean frames?")
    assert terminal.leave() == 0


@pytest.mark.terminal
def test_tab_completes_words_options_values_and_members(terminal: Terminal) -> None:
    terminal.run("next", "crash-note>")
    terminal.type("\t")
    terminal.see("Two frames of a task side by side")
    terminal.type("\x03")
    for typed, offered in (
        ("fr", ["frames", short_help("frames")]),
        ("frames --sys", ["--syscall", option_help("frames", "syscall")]),
        ("frames --syscall pau", ["pause", "34"]),
        ("frames --origin int", ["int80", "int3-step"]),
        ("frames --comm clock", ["clock_nanosleep", "1 task"]),
        ("explain orig", ["orig_ax", "register"]),
        ("probe kernel_clo", ["kernel_clone"]),
        ("probe kclon", ["kernel_clone", "skb_clone"]),
        ("task.thread.", ["fsbase", "unsigned long"]),
        ("frame.registers.orig", ["orig_ax"]),
        ("inspector.model.ori", ["origin"]),
        ("select forker", ["1000   forker, on its cpu"]),
    ):
        terminal.type(typed)
        terminal.see(*offered)
        terminal.type("\x15")
        terminal.settle(0.2)
    terminal.type("diff int80\t")
    terminal.see(f"diff {pid(INT80)}")
    terminal.type("\x15")
    assert terminal.leave() == 0


@pytest.mark.terminal
def test_the_option_under_the_cursor_is_explained(terminal: Terminal) -> None:
    terminal.type("frames --cpu ")
    terminal.see(f"--cpu N  {option_help('frames', 'cpu')}")
    terminal.type("\x15")
    assert terminal.leave() == 0


@pytest.mark.terminal
def test_keys_change_how_registers_are_shown(terminal: Terminal) -> None:
    sp = int3_frame().registers.sp
    terminal.run("explain sp", f"{sp:#x}")
    terminal.type("abc\x1bOQ")  # F2; what was typed stays
    terminal.see(str(as_int64(sp)), "F2 decimal", "forker 1000> abc")
    terminal.type("\x15\x1bOS")  # F4
    terminal.see("F4 vi")
    terminal.type("task.pid\x1b0iprog and \x1b\r")
    terminal.see("(pid_t)1000")
    assert terminal.leave() == 0


@pytest.mark.terminal
def test_python_goes_over_several_lines(terminal: Terminal) -> None:
    terminal.type("for i in range(2):\r")
    terminal.see("…")
    terminal.type("print('number', i)\r")
    terminal.settle()
    terminal.type("\r")
    terminal.see("\nnumber 0\nnumber 1")
    assert terminal.leave() == 0


@pytest.mark.terminal
def test_history_is_private_and_outlives_the_session(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("40 + 2", "\n42")
    assert terminal.leave() == 0
    history = tmp_path / ".local/state/frame-inspector/history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.parent.stat().st_mode) == 0o700
    again = Terminal(tmp_path, "repl", "--demo")
    again.see("Tab completes")
    again.type("40")
    again.see("40 + 2")  # suggested
    again.type("\x1b[C\r")
    again.see("\n42")
    assert again.leave() == 0


@pytest.mark.terminal
def test_the_startup_file_is_run_first(tmp_path: Path) -> None:
    startup = tmp_path / ".config/frame-inspector/startup"
    startup.parent.mkdir(parents=True)
    startup.write_text(f"# mine\nset numbers decimal\nmine = 42\nselect {pid(INT80)}\n")
    session = Terminal(tmp_path, "repl", "--demo", "--vi")
    session.see(f"{INT80} {pid(INT80)}>", "F2 decimal", "F4 vi")
    session.run("mine", "\n42")
    assert session.leave() == 0
    startup.write_text("quit\n")
    assert Terminal(tmp_path, "repl", "--demo").ended() == 0


@pytest.mark.terminal
def test_a_long_answer_goes_to_the_pager_and_a_short_one_does_not(tmp_path: Path) -> None:
    session = Terminal(tmp_path, "repl", "--demo", rows=20, environment={"PAGER": "less -X"})
    session.see("Tab completes")
    session.run("ps 1000", f"{tasks()['forker'].address:#x}")
    session.run("frames", "pid  comm")
    session.wait(lambda shown: shown.split("\n")[-1].startswith(":"), "less's prompt")
    session.type("q")
    session.see("forker 1000>", "F2 hex")
    assert session.leave() == 0


@pytest.mark.terminal
def test_a_target_that_cannot_be_opened_ends_the_session_with_one_line(tmp_path: Path) -> None:
    session = Terminal(tmp_path, tmp_path / "no.vmcore")
    assert session.ended() == 2
    assert f"inspector: {tmp_path}/no.vmcore: " in session.text.replace("\n", "")
    assert "Traceback" not in session.text
