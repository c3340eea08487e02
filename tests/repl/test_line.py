"""What a typed line is taken for."""

import pytest

from inspector.errors import UsageError
from inspector.repl.line import Blank, Command, Line, Python, Shell, last_word, parse_line, pieces

COMMANDS = ("frames", "diff", "help", "open")


def parsed(text: str) -> Line:
    return parse_line(text, COMMANDS.__contains__)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("frames", ()),
        ("frames --syscall read", ("--syscall", "read")),
        ("  diff 106 ", ("106",)),
        ("open ./a.vmcore", ("./a.vmcore",)),
        ("open 'a b'", ("a b",)),
        ("%frames = 3", ("=", "3")),
        (r"frames --comm '\x1b[31m'", ("--comm", r"\x1b[31m")),
    ],
)
def test_a_first_word_that_is_a_command_makes_a_command(text: str, words: tuple[str, ...]) -> None:
    line = parsed(text)
    assert isinstance(line, Command)
    assert line.words == words


@pytest.mark.parametrize(
    "text",
    [
        "frames = 3",
        "frames=3",
        "frames == 3",
        "frames(1)",
        "frames.x",
        "frames[0]",
        "task.comm",
        "1 + 1",
        "framse",
        "for x in y:\n    frames",
        "py frames",
        "(frames)",
    ],
)
def test_everything_else_is_python(text: str) -> None:
    assert parsed(text) == Python(text.removeprefix("py "))


def test_pipes_and_redirections_end_the_arguments_outside_quotes() -> None:
    assert parsed("frames 1|grep 'a|b' > x") == Command(
        "frames", ("1",), "1", pipe="grep 'a|b' > x"
    )
    assert parsed("frames --comm 'a|b>c'") == Command(
        "frames", ("--comm", "a|b>c"), "--comm 'a|b>c'"
    )
    assert parsed("diff > 'a b'") == Command("diff", path="a b")
    assert parsed("diff >>a") == Command("diff", path="a", append=True)


@pytest.mark.parametrize(
    "text", ["diff 'a", "diff >", "diff > a b", "diff > a | b", "diff |", "%no"]
)
def test_what_makes_no_sense_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        parsed(text)


def test_the_rest() -> None:
    assert parsed("  ") == parsed("# a comment") == Blank()
    assert parsed("! ls -l") == Shell("ls -l")
    assert parsed("frames?") == parsed("?frames") == Command("help", ("frames",), "frames")
    assert parsed("?") == Command("help")


def test_the_word_that_is_being_typed_keeps_its_quotes() -> None:
    assert last_word("frames --comm 'a b") == "'a b"
    assert last_word("a 'b' c") == "c"
    assert last_word("a ") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("frames\ndiff\n", ["frames", "diff"]),
        ("def f():\n  return 1\nframes\n", ["def f():\n  return 1", "frames"]),
        ("def f():\n  a\n\n  b\nf()", ["def f():\n  a\n", "  b", "f()"]),
        ("if x:\n  a\nelse:\n  b\nframes", ["if x:\n  a\nelse:\n  b", "frames"]),
        ("x = [1,\n2]\nframes", ["x = [1,\n2]", "frames"]),
        ('x = """\nframes\n"""\ndiff', ['x = """\nframes\n"""', "diff"]),
        ("while True: pass\nframes", ["while True: pass", "frames"]),
        ("for i in x: pass\n\nframes", ["for i in x: pass", "", "frames"]),
        ("frames 'a\ndiff", ["frames 'a", "diff"]),
        ("1 +\ndiff", ["1 +", "diff"]),
    ],
)
def test_python_of_several_lines_stays_together(text: str, expected: list[str]) -> None:
    assert list(pieces(text.splitlines(), ("frames", "diff").__contains__)) == expected
