# SPDX-License-Identifier: LGPL-2.1-or-later
"""The report's page in a real browser: nothing runs or loads that should not, all of it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Open
from tests.hostile_dump import LINES, NAMES, SCRIPT

WIDTHS = (1100, 390)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_it_asks_for_nothing_and_says_nothing(
    open_page: Open, report_file: Path, width: int, dark: bool
) -> None:
    opened = open_page(width, dark)
    opened.page.wait_for_load_state("networkidle")
    assert opened.requests == [report_file.as_uri()]
    assert opened.said == []


def test_its_policy_would_stop_an_injected_script(open_page: Open) -> None:
    opened = open_page()
    opened.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            const image = document.createElement("img");
            image.src = "http://127.0.0.1:9/x";
            document.body.append(image);
        }"""
    )
    assert opened.page.evaluate("window.ran") is None
    refused = "Content Security Policy directive"
    assert len([said for said in opened.said if refused in said]) == 2


def test_names_and_log_lines_are_shown_literally(open_page: Open) -> None:
    page = open_page().page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    shown = page.inner_text("body")
    for name in NAMES.values():
        assert name in shown
    assert shown.count(SCRIPT) >= 6  # title, panic, cause, module, path, log
    assert LINES[1].decode() in page.inner_text("#log")


@pytest.mark.parametrize("width", WIDTHS)
def test_without_script_everything_is_there_to_read(open_page: Open, width: int) -> None:
    page = open_page(width, script=False).page
    assert page.locator(".controls:visible").count() == 0
    for section in ("#first", "#backtrace", "#log", "#stack", "#diff", "#frames", "#tasks"):
        assert page.locator(section).is_visible()
    rows = page.locator("#rows tr")
    assert rows.count() > 10
    assert page.locator("#rows tr:visible").count() == rows.count()


def test_folding(open_page: Open) -> None:
    page = open_page().page
    assert page.locator("#rows").is_visible()
    page.get_by_role("button", name="Fold all").click()
    assert page.locator("details[open]").count() == 0
    assert not page.locator("#rows").is_visible()
    page.get_by_role("button", name="Unfold all").click()
    assert page.locator("details:not([open])").count() == 0
    page.locator("#frames summary").click()
    assert not page.locator("#rows").is_visible()


def test_filtering_frames(open_page: Open) -> None:
    page = open_page().page
    rows = page.locator("#rows tr")
    page.get_by_label("Show only rows with").fill("[RED]")
    assert page.locator("#rows tr:visible").count() == 1
    assert page.inner_text("#shown") == f"1 of {rows.count()}"
    page.get_by_label("Show only rows with").fill("")
    assert page.locator("#rows tr:visible").count() == rows.count()


def test_only_what_differs(open_page: Open) -> None:
    page = open_page().page
    same = page.locator("#registers .same").count()
    assert 0 < same < page.locator("#registers tr").count() == 21
    page.get_by_label("only what differs").check()
    assert page.locator("#registers tr:visible").count() == 21 - same
    page.get_by_label("only what differs").uncheck()
    assert page.locator("#registers tr:visible").count() == 21


def test_copying_for_a_ticket(open_page: Open) -> None:
    page = open_page().page
    page.get_by_role("button", name="Copy for a ticket").click()
    page.wait_for_function("document.getElementById('copied').textContent !== ''")
    said = page.inner_text("#copied")
    assert said == "Copied" or page.evaluate("getSelection().toString()").startswith("died of")


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_page(open_page: Open, width: int) -> None:
    page = open_page(width).page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious(open_page: Open, axe: str, width: int, dark: bool) -> None:
    page = open_page(width, dark).page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(axe)  # by the debugger's way, which the page's policy does not hold for
    found: dict[str, Any] = page.evaluate("axe.run()")
    assert found["passes"]
    serious = [
        (violation["id"], node["html"])
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []


def test_what_is_printed_is_unfolded(open_page: Open) -> None:
    page = open_page().page
    page.get_by_role("button", name="Fold all").click()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("#rows").is_visible()
    assert page.locator("nav:visible").count() == 0
