# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's Chromium, headless, and pages opened in it as files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from inspector.render.html import full_report_html
from tests.hostile_dump import hostile_report

CHROMIUM = "/usr/bin/chromium"
_FLAGS = [
    "--no-sandbox",  # CI is root, and Chromium refuses root its sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Opened:
    """A page, and what it did that it should not: spoke to the console, or asked for anything."""

    page: Page
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the shipped dump, with hostile names and a hostile log."""
    file = tmp_path_factory.mktemp("page") / "report.html"
    file.write_text(full_report_html(hostile_report()), encoding="utf-8")
    return file


@pytest.fixture
def open_page(browser: Browser, report_file: Path) -> Iterator[Open]:
    contexts = []

    def opened(width: int = 1100, dark: bool = False, script: bool = True) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        contexts.append(context)
        found = Opened(context.new_page())
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.on("dialog", lambda dialog: found.said.append(f"dialog: {dialog.message}"))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.goto(report_file.as_uri())
        return found

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe(root: Path) -> str:
    """The accessibility checker's script."""
    printed = subprocess.run(
        [root / "scripts/axe"], stdout=subprocess.PIPE, text=True, check=True, timeout=120
    )
    return Path(printed.stdout.strip()).read_text(encoding="utf-8")
