# SPDX-License-Identifier: LGPL-2.1-or-later
"""A name that an enemy chose appears literally in every format, and does nothing there."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from inspector.model.report import FullReport
from inspector.model.task import escape_bytes
from inspector.queries.target import TargetSource
from inspector.render.html import full_report_html
from inspector.render.json_report import full_report_json
from inspector.render.markdown import full_report_md
from inspector.render.svg import stack_svg
from inspector.render.text.report import FullReportText
from inspector.render.text.screen import show
from tests.hostile_dump import LINES, NAMES, SCRIPT, hostile_report, hostile_survey
from tests.in_process import answer_of

LOG = [escape_bytes(line) for raw in LINES for line in raw.split(b"\n")]
STEERING = [chr(c) for c in range(0x20) if chr(c) != "\n"] + ["\x7f", "\x9b", "\u202e"]


@pytest.fixture(scope="module")
def source() -> TargetSource:
    return hostile_survey()


@pytest.fixture(scope="module")
def report() -> FullReport:
    return hostile_report()


class Page(HTMLParser):
    """What a browser would make of a page: the text, and the elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.shown = ""
        self._hidden = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _value in attrs}
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        self.shown += "" if self._hidden else data


def answer(source: TargetSource, output: str) -> str:
    return answer_of(source, "frames", "--format", output)


def check_nothing_steers(text: str) -> None:
    assert [c for c in STEERING if c in text] == []


def test_html(report: FullReport) -> None:
    text = full_report_html(report)
    check_nothing_steers(text)
    page = Page(text)
    assert page.elements.count("script") == 1
    assert not {"img", "iframe", "object", "link", "base", "form"} & set(page.elements)
    assert not {name for name in page.attributes if name.startswith("on")}
    assert not page.attributes & {"src", "style"}
    for name in (*NAMES.values(), *LOG, SCRIPT):
        assert name in page.shown


def test_markdown(report: FullReport) -> None:
    text = full_report_md(report)
    check_nothing_steers(text)
    page = Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert not {"script", "img", "a", "em"} & set(page.elements)
    assert page.elements.count("h1") == 1
    for name in (*NAMES.values(), *LOG, SCRIPT):
        assert name in page.shown


def test_text(report: FullReport) -> None:
    out = io.StringIO()
    show(FullReportText(report), out)
    check_nothing_steers(out.getvalue())
    unfolded = "".join(out.getvalue().split())
    for name in (*NAMES.values(), *LOG, SCRIPT):
        assert "".join(name.split()) in unfolded


def test_json(report: FullReport) -> None:
    text = full_report_json(report)
    check_nothing_steers(text)
    answered = json.loads(text)
    comms = {frame["task"]["comm"] for frame in answered["frames"] if frame["task"]}
    assert set(NAMES.values()) <= comms
    assert [line["text"] for line in answered["log"]] == LOG
    assert answered["modules"][0]["name"] == SCRIPT


def test_svg(report: FullReport) -> None:
    assert report.stack is not None
    text = stack_svg(report.stack)
    check_nothing_steers(text)
    tree = ElementTree.fromstring(text)
    tags = {element.tag.split("}")[1] for element in tree.iter()}
    assert tags <= {"svg", "title", "style", "rect", "defs", "pattern", "path", "marker", "g"} | {
        "text",
        "tspan",
    }
    assert next(iter(NAMES.values())) in "".join(tree.itertext())


def test_frames_as_csv(source: TargetSource) -> None:
    text = answer(source, "csv")
    check_nothing_steers(text)
    comms = {row["comm"] for row in csv.DictReader(io.StringIO(text))}
    # An apostrophe keeps a spreadsheet from taking the cell for a formula.
    assert {f"'{name}" if name[0] == "=" else name for name in NAMES.values()} <= comms


def test_frames_as_json_lines(source: TargetSource) -> None:
    text = answer(source, "jsonl")
    check_nothing_steers(text)
    lines = [json.loads(line) for line in text.splitlines()]
    comms = {line["task"]["comm"] for line in lines if line.get("task")}
    assert set(NAMES.values()) <= comms


@pytest.mark.parametrize("output", ["text", "json"])
def test_frames(source: TargetSource, output: str) -> None:
    text = answer(source, output)
    check_nothing_steers(text)
    for name in NAMES.values():
        assert (json.dumps(name)[1:-1] if output == "json" else name) in text
