# SPDX-License-Identifier: LGPL-2.1-or-later
"""Logs with the answer that each settles: what is said of them must be that, and nothing false.

``cases/NAME.txt`` is a log, ``cases/NAME.json`` what the text settles, written from the kernel's
printing code, or from what was done to the guest that printed it, before any answer was seen. A
scalar must be equal, a list holds alternatives, ``{"not": […]}`` holds what it must not be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.errors import InspectorError
from tests.in_process import answer_of

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))
KINDS = range(1, 22)


def expected(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return found


def answers(path: Path) -> tuple[str, str, str]:
    """The JSON, the text, and the refusal, where there is one."""
    outputs = []
    for output in ("json", "text"):
        try:
            outputs.append(answer_of(None, "explain", "--oops", str(path), "--format", output))
        except InspectorError as error:
            return "", "", str(error)
    return outputs[0], outputs[1], ""


def fits(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return found not in listed(wanted["not"])
    return found in listed(wanted)


def listed(wanted: Any) -> list[Any]:
    return wanted if isinstance(wanted, list) else [wanted]


def part_of(found: str | None, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return not any(one.lower() in (found or "").lower() for one in listed(wanted["not"]))
    if found is None:
        return None in listed(wanted)
    return any(one is not None and one in found for one in listed(wanted))


def orig_ax(frame: dict[str, Any]) -> str:
    told = frame["registers"].get("orig_ax")
    if told is not None:
        return str(told)
    meanings = {one["register"]: one for one in frame["meanings"]}
    return "left out" if "orig_ax" in meanings else "not told"


def differences(frame: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    for key in ("shape", "origin", "user_mode", "vector", "error_code", "repeats"):
        if key in wanted and not fits(frame[key], wanted[key]):
            yield f"{key} {frame[key]}"
    for key in ("place", "headline"):
        if key in wanted and not part_of(frame[key], wanted[key]):
            yield f"{key} {frame[key]}"
    for name, value in wanted.get("registers", {}).items():
        if frame["registers"].get(name) != value:
            yield f"{name} {frame['registers'].get(name)}"
    if "orig_ax" in wanted and not fits(orig_ax(frame), wanted["orig_ax"]):
        yield f"orig_ax {orig_ax(frame)}"
    name = (frame["syscall"] or {}).get("name")
    if "syscall" in wanted and not fits(name, wanted["syscall"]):
        yield f"syscall {name}"
    code = (frame["instruction"] or {}).get("bytes")
    if "instruction_bytes" in wanted and not fits(code, wanted["instruction_bytes"]):
        yield f"instruction {code}"
    yield from open_differences(frame, wanted)
    yield from said_differences(frame, wanted)


def open_differences(frame: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    if frame["origin"] != "unknown":
        return
    possible = set(frame["possible"])
    if not possible >= set(wanted.get("possible_has", ())):
        yield f"possible lacks some: {possible}"
    if "possible_within" in wanted and not possible <= set(wanted["possible_within"]):
        yield f"possible has more: {possible}"
    if possible & set(wanted.get("possible_not", ())):
        yield f"possible has what it cannot be: {possible}"


def said_differences(frame: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    meanings = {one["register"]: one for one in frame["meanings"]}
    for name, texts in wanted.get("decoded_not", {}).items():
        if name in meanings and meanings[name]["decoded"] in texts:
            yield f"{name} is called {meanings[name]['decoded']}"
    for name, texts in wanted.get("meaning_not", {}).items():
        if any(text in meanings[name]["meaning"] for text in texts):
            yield f"{name} is said to be {meanings[name]['meaning']}"


def test_every_kind_has_four_cases() -> None:
    kinds = [expected(path)["kind"] for path in CASES]
    assert {kind: kinds.count(kind) for kind in KINDS if kinds.count(kind) < 4} == {}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_a_log_settles_is_told_and_nothing_else(path: Path) -> None:
    wanted = expected(path)
    content, text, refusal = answers(path)
    if "exit" in wanted:
        assert refusal
        assert all(any(w in refusal.lower() for w in listed(one)) for one in wanted["says"])
        return
    assert not refusal
    plain = " ".join(text.split())
    assert [one for one in wanted.get("never", ()) if one in plain] == []
    report = json.loads(content)
    frames = report["frames"]
    assert "release" not in wanted or fits(report["release"], wanted["release"])
    assert "count" not in wanted or len(frames) == wanted["count"]
    for one in wanted.get("frames", ()):
        found = [frame for frame in frames if frame["line"] in listed(one["line"])]
        assert found, f"no frame at line {one['line']}"
        assert list(differences(found[0], one)) == []


@pytest.mark.parametrize("path", CASES[::5], ids=lambda path: path.stem)
def test_every_statement_has_a_rule(path: Path) -> None:
    content, _, refusal = answers(path)
    if refusal:
        return
    report = json.loads(content)
    said = [one for frame in report["frames"] for one in frame["statements"] + frame["evidence"]]
    said += [one for each in report["reports"] for one in each["answer"]]
    assert said
    assert all(one["rule"] and one["text"] for one in said)
