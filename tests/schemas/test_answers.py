# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command's JSON, as it answers about a real dump, against the schema that is shipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from inspector.explain.access import faulting_access
from inspector.logs.read import read_log
from inspector.model.access import AccessFacts
from inspector.queries.target import TargetSource, open_target_source
from inspector.render.json import access_object
from inspector.render.json_report import oops_json_foot, oops_json_head, oops_json_reports
from inspector.schemas import schema, schema_names
from inspector.target.spec import TargetKind, TargetSpec
from tests.in_process import answer_of
from tests.schemas.checked import check, validator

LOGS = sorted((Path(__file__).parents[1] / "logs/mishaps").glob("*.log"))


@pytest.mark.parametrize("name", schema_names())
def test_a_schema_is_one(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


@pytest.mark.parametrize("name", schema_names())
def test_no_object_may_have_a_key_that_is_not_told(name: str) -> None:
    for found in objects(schema(name)):
        assert found["additionalProperties"] is False
        assert sorted(found["required"]) == sorted(found["properties"])


COMMANDS = [
    ("frames", ["frames"]),
    ("frames", ["frames", "--with-records"]),
    ("frames", ["frames", "--origin", "int3"]),
    ("diff", ["diff"]),
    ("diff", ["diff", "--record", "0"]),
    ("explain", ["explain"]),
    ("explain", ["explain", "--record", "2"]),
    ("stack", ["stack"]),
    ("stack", ["stack", "--all-cpus"]),
    ("timeline", ["diff", "--timeline"]),
    ("doctor", ["doctor"]),
    ("probe", ["probe", "kernel_clone"]),
    ("probe", ["probe", "_do_fork"]),
    ("probe", ["probe", "do_syscall_64"]),
    ("probe", ["probe", "__x64_sys_fork+5", "--snippet", "tracefs"]),
]


@pytest.fixture(scope="module")
def source() -> Iterator[TargetSource]:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as opened:
        yield opened


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=str)
def test_an_answer_is_what_its_schema_says(
    name: str, command: list[str], source: TargetSource
) -> None:
    answer = json.loads(answer_of(source, *command, "--format", "json"))
    assert answer["schema"] == f"inspector.{name}/1"
    check(name, answer)


@pytest.mark.parametrize(
    ("code", "vector", "cr2"),
    [("ff5018", 14, 0x18), ("48a5", 14, None), ("0f0b", 6, None), ("", 14, 0), ("d7", 13, None)],
)
def test_an_access_is_what_its_schema_says(
    code: str, vector: int, cr2: int | None, source: TargetSource
) -> None:
    answer = json.loads(answer_of(source, "explain", "--format", "json"))
    facts = AccessFacts(vector=vector, cr2=cr2, error_code=0)
    registers = {"ax": 0, "ip": 0x1000, "sp": 0x2000, "si": 0, "di": 0, "bx": 1 << 63}
    access = faulting_access(bytes.fromhex(code), registers, facts)
    assert access is not None
    check("explain", {**answer, "access": access_object(access)})


def test_a_report_is_what_its_schema_says(source: TargetSource, tmp_path: Path) -> None:
    answer_of(source, "report", "-o", str(tmp_path / "report.json"))
    check("report", json.loads((tmp_path / "report.json").read_text()))


def test_every_line_of_jsonl_is_one_of_three(source: TargetSource) -> None:
    lines = answer_of(source, "frames", "--format", "jsonl").splitlines()
    assert len(lines) > 10
    for line in lines:
        check("frames-line", json.loads(line))


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_logs_frames_are_what_their_schema_says(path: Path) -> None:
    text = path.read_bytes().decode(errors="replace")
    report = read_log(text, path.name)
    parts = (
        *oops_json_head(report.source),
        *oops_json_reports(report.reports),
        oops_json_foot(report.release, report.notes),
    )
    check("oops", json.loads("".join(parts)))


def test_a_key_too_many_or_a_decimal_register_is_refused(source: TargetSource) -> None:
    answer = json.loads(answer_of(source, "frames", "--format", "json"))
    for change in ({"extra": 1}, {"vector": 300}, {"origin": "magic"}):
        broken = {**answer, "frames": [{**answer["frames"][0], **change}]}
        assert list(validator("frames").iter_errors(broken))
    registers = {**answer["frames"][0]["registers"], "ax": 57}
    broken = {**answer, "frames": [{**answer["frames"][0], "registers": registers}]}
    assert list(validator("frames").iter_errors(broken))
