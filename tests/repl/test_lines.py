"""Lines that are not typed but come in a stream."""

import pytest

from inspector.repl.line import pieces


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
