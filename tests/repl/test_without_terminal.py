"""Lines from a pipe or from -e: answers, the last status, and nothing of a prompt."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.cli.main import main
from inspector.commands.catalogue import COMMANDS
from inspector.repl.catalogue import WORDS
from inspector.repl.crash import CRASH_WORDS
from tests.conftest import Inspector
from tests.demo import INT80, pid


def run(inspector: Inspector, lines: str) -> "subprocess.CompletedProcess[str]":
    return inspector("repl", "--demo", stdin=lines)


def test_a_command_answers_as_the_command_line_does(inspector: Inspector) -> None:
    for words in ("diff", "frames --origin syscall", "stack", "explain --record 2"):
        command, *rest = words.split()
        typed = run(inspector, words)
        assert typed.stdout == inspector(command, "--demo", *rest).stdout
        assert (typed.returncode, typed.stderr) == (0, "")


def test_the_status_is_the_last_line_s(inspector: Inspector) -> None:
    assert run(inspector, "frames --pid\ndiff\n").returncode == 0
    for line, status in (
        ("frames --syscall getpid", 1),
        ("1/0", 2),
        ("!exit 7", 7),
        ("frames | exit 5", 5),
        ("frames > /no/such/file", 2),
    ):
        assert run(inspector, f"frames\n{line}\n").returncode == status, line
    assert run(inspector, "frames --no-such\nquit\ndiff").returncode == 2


def test_e_runs_and_leaves(inspector: Inspector) -> None:
    done = inspector("repl", "--demo", "-e", "x = 2", "-e", "x * 21")
    assert (done.stdout, done.returncode) == ("42\n", 0)


def test_a_dump_s_path_alone_is_enough(root: Path, inspector: Inspector) -> None:
    assert "forker, pid 1000" in inspector(root / "dumps/fork-6.1.vmcore", stdin="diff").stdout


def test_without_a_target_the_prompt_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("inspector.commands.target.KCORE", "/no/such/kcore")
    for line, status in (("diff", 2), ("open --demo", 0)):
        assert main(["repl", "-e", line]) == status
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    for named in ("/no/such/kcore", "--demo", "--core"):
        assert named in line
    assert "forker, pid 1000" in out


def test_a_selection_is_what_later_commands_mean(inspector: Inspector) -> None:
    assert run(inspector, f"select {pid(INT80)}\nexplain").stdout.endswith(
        inspector("explain", "--demo", str(pid(INT80))).stdout
    )
    done = run(inspector, "select 1000\nnext\nnext\nexplain ax --format json > /dev/stdout")
    explained = json.loads(done.stdout[done.stdout.index("{") :])
    assert explained["frame"]["origin"] == "int3"
    assert [register["register"] for register in explained["registers"]] == ["ax"]


def test_another_target_on_the_line_leaves_the_selection_alone(inspector: Inspector) -> None:
    done = run(inspector, f"select {pid(INT80)}\nexplain --demo\n")
    assert done.stdout.endswith(inspector("explain", "--demo").stdout)


def test_python_sees_the_selection_and_both_libraries(inspector: Inspector) -> None:
    done = run(
        inspector,
        f"task.comm.string_()\nfind_task(prog, {pid(INT80)}).pid.value_()\n"
        "select 1000\nnext\nnext\nframe.origin.value\nregs.orig_ax\n%select\npy frame.address\n",
    )
    assert f"b'forker'\n{pid(INT80)}\n" in done.stdout
    assert "'int3'\n(unsigned long)18446744073709551615\n" in done.stdout
    assert done.stderr == ""


def test_what_goes_wrong_is_short_and_the_session_goes_on(inspector: Inspector) -> None:
    done = run(inspector, "def f():\n  return 1 / 0\nf()\nframse\nmod\n(1\nls\nprog['no']\n40 + 2")
    assert done.stdout == "42\n"
    lines = done.stderr.splitlines()
    assert all(line.startswith("inspector: ") for line in lines)
    for line, named in zip(
        lines,
        (
            ("f()", "1"),
            ("return 1 / 0", "2"),
            ("ZeroDivisionError",),
            ("framse", "frames"),
            ("mod", "crash mod"),
        ),
        strict=False,
    ):
        assert all(name in line for name in named), line
    assert "Traceback" not in done.stderr
    assert "'no'" in done.stderr.splitlines()[-1]


def test_a_pipe_and_a_file_get_the_answer(tmp_path: Path, inspector: Inspector) -> None:
    done = run(inspector, "frames | grep -c int3")
    assert done.stdout == "2\n"
    path = tmp_path / "out.json"
    run(inspector, f"frames > {path}\n")
    assert json.loads(path.read_text())["schema"] == "inspector.frames/1"
    run(inspector, f"frames --no-such > {path}\n")
    assert json.loads(path.read_text())["schema"] == "inspector.frames/1"
    text = tmp_path / "a b"
    run(inspector, f"ps {pid(INT80)} > '{text}'\nps 1000 >> '{text}'")
    assert [line.split()[2] for line in text.read_text().splitlines()] == [
        "comm",
        "int80-pause",
        "comm",
        "forker",
    ]


def test_crash_s_words_do_the_obvious_thing(inspector: Inspector) -> None:
    done = run(inspector, "bt\n")
    assert done.stdout == inspector("stack", "--demo").stdout
    done = run(inspector, "sys\ncrash mod\ncrash sym kernel_clone\n")
    assert "Linux 6.1.0" in done.stdout
    assert "framefreeze" in done.stdout
    assert "kernel_clone" in done.stdout
    lacking = run(inspector, "log")  # the small dump holds no log
    assert lacking.returncode == 2
    (line,) = lacking.stderr.splitlines()
    assert "log" in line


def test_the_table_of_crash_s_words_is_drgn_s() -> None:
    from drgn.commands._crash.common import CRASH_COMMAND_NAMESPACE

    named = {name for name in CRASH_COMMAND_NAMESPACE._commands if name.isalpha()}
    theirs = {name for name in named if not name.startswith("frame")}  # our plugin's own
    assert theirs - {"q", "exit", "drgn", "help"} == CRASH_WORDS | (theirs & {"py", "sh"})


def test_help_knows_every_command(inspector: Inspector) -> None:
    names = [*COMMANDS, *WORDS]
    said = run(inspector, "help\n" + "\n".join(f"help {name}" for name in names))
    assert said.stderr == ""
    for name in names:
        assert f"\n  {name} " in said.stdout
        assert f"\nUsage: {name} " in said.stdout


def test_help_and_completion_import_neither_drgn_nor_rich_nor_prompt_toolkit() -> None:
    code = (
        "import sys\n"
        "from inspector.cli.main import main\n"
        "status = main(sys.argv[1:])\n"
        "heavy = {'drgn', 'rich', 'prompt_toolkit', 'pygments'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "sys.exit(status)\n"
    )
    for arguments in (["--help"], ["repl", "--help"], *([name, "--help"] for name in COMMANDS)):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
