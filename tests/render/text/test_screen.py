"""What changed between two answers stands out, and nothing else does."""

from rich.text import Text

from inspector.render.text.screen import mark_changes


def changed(before: str, now: str) -> str:
    """``now`` with brackets around what is marked."""
    lines = [Text(line) for line in now.split("\n")]
    mark_changes([Text(line) for line in before.split("\n")], lines)
    shown = []
    for line in lines:
        plain = line.plain
        for span in sorted(line.spans, reverse=True):
            plain = f"{plain[: span.start]}[{plain[span.start : span.end]}]{plain[span.end :]}"
        shown.append(plain)
    return "\n".join(shown)


def test_the_same_answer_is_unmarked() -> None:
    assert changed("a 1\nb 2", "a 1\nb 2") == "a 1\nb 2"


def test_changed_characters_are_marked_in_their_line() -> None:
    assert changed("pid 1\npid 2 ax 7", "pid 1\npid 2 ax 9") == "pid 1\npid 2 ax [9]"


def test_a_line_that_came_is_marked_and_one_that_went_moves_nothing() -> None:
    assert changed("a\nc", "a\nbbb\nc") == "a\n[bbb]\nc"
    assert changed("a\nb\nc", "a\nc") == "a\nc"
