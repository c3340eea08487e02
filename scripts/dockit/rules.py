# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every rule id that the code can give a statement, read from the code itself.

A statement is an ``Evidence`` or a ``PlacedEvidence``, whose first argument is its rule, or a
``KilledBy``, whose sixth is. A name in capitals is a constant of the package. Where a file takes
it from another name, every word of the file that looks like a rule is one: with a hyphen in it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_RULE_AT = {"Evidence": 0, "PlacedEvidence": 0, "KilledBy": 5}
_HYPHENED = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
_HEAD = """\
# Rules

Every statement of an answer has a rule id: in JSON `{"rule", "text", "address"}`. The id is
stable, the text may change. A rule makes one claim, in one file. `scripts/docs` makes this page
from the code. What is missing in an answer has a rule too: `inspector/model/evidence.py`.

| rule | made in |
|---|---|
"""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """:ivar name: with ``*`` where a word of the kernel or of an enum stands
    :ivar module: below ``inspector/``
    """

    name: str
    module: str


def rules(root: Path) -> tuple[Rule, ...]:
    """Each rule once for each file that gives it, sorted.

    :param root: of the checkout
    """
    package = root / "inspector"
    trees = {
        path.relative_to(package).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    constants = dict(pair for at, tree in trees.items() for pair in _constants(at, tree))
    found = {Rule(name, at) for at, tree in trees.items() for name in _names(tree, constants)}
    return tuple(sorted(found))


def rules_page(root: Path) -> str:
    """``docs/rules.md``."""
    return _HEAD + "".join(f"| `{rule.name}` | `{rule.module}` |\n" for rule in rules(root))


def _constants(at: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """``module.NAME``, and ``NAME`` alone, with the rule that it is."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            name, value = ast.unparse(node.targets[0]), str(node.value.value)
            if name.isupper() and _HYPHENED.fullmatch(value):
                yield from ((name, value), (f"{Path(at).stem}.{name}", value))


def _names(tree: ast.Module, constants: Mapping[str, str]) -> Iterator[str]:
    named = False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > (at := _RULE_AT.get(_called(node), 99)):
            rule = node.args[at]
            if (name := ast.unparse(rule)) in constants:
                yield constants[name]
            yield from _literals(rule)
            named |= isinstance(rule, ast.Name) and not name.isupper()
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "rule" and node.value:
            yield from _literals(node.value)  # the default of a field
    if named:
        yield from (word for word in _words(tree) if _HYPHENED.fullmatch(word))


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _literals(rule: ast.expr) -> Iterator[str]:
    """The ids that ``rule`` can be; of a value that is handed on, none: it was made elsewhere."""
    if isinstance(rule, ast.Constant) and isinstance(rule.value, str):
        yield rule.value
    elif isinstance(rule, ast.JoinedStr):
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in rule.values)
    elif isinstance(rule, ast.IfExp):
        yield from (*_literals(rule.body), *_literals(rule.orelse))


def _words(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
