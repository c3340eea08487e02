# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rule ids are a contract: each is well formed, is one file's, and every answer's is listed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from dockit.rules import rules

from inspector.model.evidence import CAUSES
from tests.conftest import Inspector

# One claim each: a fact is not in the target; what FRED wrote beside ss.
_SHARED = {"unread", "fred-event"}
_ANSWERS = (
    "frames",
    "diff",
    "explain",
    "stack",
    "report",
    "probe kernel_clone",
    "probe do_syscall_64",
    "probe __x64_sys_fork+5",
)


def test_every_id_is_words_with_hyphens(root: Path) -> None:
    found = [rule.name for rule in rules(root)]
    assert len(found) >= 200
    assert [name for name in found if not re.fullmatch(r"[a-z0-9*]+(-[a-z0-9*]+)*", name)] == []


def test_no_two_files_make_claims_by_one_id(root: Path) -> None:
    files = Counter(rule.name for rule in rules(root))
    assert {name for name, count in files.items() if count > 1} <= _SHARED


@pytest.mark.parametrize("command", _ANSWERS)
def test_every_rule_of_an_answer_is_listed(command: str, root: Path, inspector: Inspector) -> None:
    listed = {rule.name for rule in rules(root)} | CAUSES.keys()
    answer = json.loads(inspector(*command.split(), "--demo", "--format", "json").stdout)
    given = set(_rules(answer))
    assert given
    assert not [name for name in given if not any(fnmatchcase(name, one) for one in listed)]


def _rules(answer: Any) -> Iterator[str]:
    if isinstance(answer, dict):
        if "rule" in answer:
            yield answer["rule"]
        for value in answer.values():
            yield from _rules(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _rules(value)
