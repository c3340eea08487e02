# SPDX-License-Identifier: LGPL-2.1-or-later
"""``explain`` as text: the answer first, every register there, a shared meaning said once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inspector.model.registers import REGISTER_NAMES
from tests.conftest import Inspector

TARGETS = (
    ("--demo",),
    ("--demo", "1"),
    ("--demo", "--record", "4"),
    ("--demo", "--dump", "oops-6.1"),
)


def explained(inspector: Inspector, *target: str) -> Any:
    return json.loads(inspector("explain", *target, "--format", "json").stdout)


def words(inspector: Inspector, *target: str) -> str:
    """The text on one line, as wide as it may be."""
    return " ".join(inspector("explain", *target).stdout.split())


@pytest.mark.parametrize("target", TARGETS, ids=" ".join)
def test_every_value_stands_in_the_text(inspector: Inspector, target: tuple[str, ...]) -> None:
    text = words(inspector, *target)
    for register in explained(inspector, *target)["registers"]:
        if register["value"] is not None:
            assert register["value"] in text, register["register"]


@pytest.mark.parametrize("target", TARGETS, ids=" ".join)
def test_a_meaning_that_registers_share_is_said_once(
    inspector: Inspector, target: tuple[str, ...]
) -> None:
    registers = words(inspector, *target).partition(" Registers ")[2]
    meanings = [
        register["meaning"]["text"] for register in explained(inspector, *target)["registers"]
    ]
    shared = {meaning for meaning in meanings if meanings.count(meaning) > 1}
    assert shared
    assert all(registers.count(meaning) == 1 for meaning in shared)


@pytest.mark.parametrize("target", TARGETS, ids=" ".join)
def test_all_lists_each_register_on_its_own_line(
    inspector: Inspector, target: tuple[str, ...]
) -> None:
    text = inspector("explain", *target, "--all").stdout
    rows = text.partition("\nRegisters\n")[2].splitlines()
    names = [row.split()[0] for row in rows if row[2:3].strip()]
    assert sorted(names) == sorted(REGISTER_NAMES)


def test_the_answer_stands_before_the_evidence(inspector: Inspector) -> None:
    text = inspector("explain", "--demo").stdout
    frame = explained(inspector, "--demo")["frame"]
    answer = text[: text.index("Why it is")]
    assert frame["origin"] in answer
    assert frame["interrupted"] in answer
    assert "57 fork" in answer


def test_all_lists_each_register_of_a_log_too(inspector: Inspector) -> None:
    log = "tests/logs/cases/asm-common-interrupt-5.15.txt"
    report = explained(inspector, "--oops", log)
    folded, listed = (
        inspector("explain", "--oops", log, *more).stdout for more in ((), ("--all",))
    )
    assert len(listed.splitlines()) > len(folded.splitlines())
    for frame in report["frames"]:
        for value in filter(None, frame["registers"].values()):
            assert value in folded
