# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from inspector.errors import InspectorError, TargetError, Unreadable
from inspector.model.evidence import CAUSES, Missing, MissingGroup, grouped


def test_tasks_that_lack_the_same_are_one_group_with_the_cause() -> None:
    error = Unreadable(0xFFFF888000001000, 8, "Excluded page", "page-excluded")
    other = Unreadable(0xFFFF888000002000, 8, "Excluded page", "page-excluded")
    one, two, three = grouped(
        [
            Missing.of(error, 7),
            Missing.of(other, 9),
            Missing("task-ran", "it ran", 12),
            Missing("dump-cut-short", "the last 4096 bytes are missing"),
        ]
    )
    assert (one.rule, one.count, one.pids) == ("page-excluded", 2, (7, 9))
    assert "0xffff888000001000" in one.text  # of the first, as an example
    assert (two.rule, two.count, two.pids) == ("task-ran", 1, (12,))
    assert "it ran" in two.text
    assert three == MissingGroup("dump-cut-short", 1, (), "the last 4096 bytes are missing")


def test_one_task_that_lacks_two_things_is_one_pid_and_two_of_count() -> None:
    (group,) = grouped([Missing("task-ran", "a", 7), Missing("task-ran", "b", 7)])
    assert (group.count, group.pids) == (2, (7,))


def test_nothing_missing_is_no_group() -> None:
    assert grouped(()) == ()


def test_every_rule_that_the_code_gives_has_its_cause(root: Path) -> None:
    given = {InspectorError.rule, TargetError.rule, Unreadable(0, 8, "").rule}
    for path in (root / "inspector").rglob("*.py"):
        given |= set(_rules(ast.parse(path.read_text())))
    given |= _strings(ast.parse((root / "inspector/target/faults.py").read_text())) & CAUSES.keys()
    assert given == CAUSES.keys()


def _rules(tree: ast.AST) -> Iterator[str]:
    """The literal rules of calls that say that something is missing, and of errors' classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Missing", "self._note"):
            yield from _strings(node.args[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in _ERRORS:
            yield from _strings(node.args[-1]) & CAUSES.keys()
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "rule":
            yield from _strings(node.value) & CAUSES.keys()


_ERRORS = {"InspectorError", "TargetError", "Unreadable", "Unread"}


def _strings(tree: ast.AST) -> set[str]:
    if isinstance(tree, ast.JoinedStr):
        return set()
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
