# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man page and the pages of the Python interface: made from the program, and whole."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import warnings
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import click
import pytest
from dockit.console import with_outputs
from dockit.man import man_page, roff
from dockit.pages import documented, make_pages
from dockit.rules import rules_page

from inspector.cli.main import program


@pytest.fixture(scope="module")
def page(root: Path) -> Path:
    return root / "share/man/man1/inspector.1"


def test_the_man_page_is_the_one_that_the_program_declares(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == man_page(), "scripts/docs makes it anew"


def test_the_page_of_rules_lists_those_of_the_code(root: Path) -> None:
    page = root / "docs/rules.md"
    assert page.read_text(encoding="utf-8") == rules_page(root), "scripts/docs makes it anew"


def test_the_tutorial_shows_what_its_commands_print(root: Path) -> None:
    page = (root / "docs/tutorial.md").read_text(encoding="utf-8")
    assert page.count("\n$ ") > 10
    assert page == with_outputs(page, root), "scripts/docs makes it anew"


def test_mandoc_finds_nothing_to_complain_of(page: Path) -> None:
    argv = ["mandoc", "-T", "lint", "-W", "all", str(page)]
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_man_shows_every_command_and_option_without_a_warning(page: Path) -> None:
    result = subprocess.run(
        ["man", "--warnings", "--local-file", page],
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MAN_KEEP_FORMATTING": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    shown = result.stdout
    context = click.Context(program)
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        assert f"inspector {name}" in shown
        for param in command.params:
            names = param.opts if isinstance(param, click.Option) and not param.hidden else []
            for option in names:
                assert re.search(rf"(^|[ ,]){re.escape(option)}\b", shown, re.MULTILINE), option


def test_what_roff_would_obey_is_shown_as_it_is() -> None:
    page = f".TH X 1 2026-01-01\n.SH NAME\nx \\- {roff(HOSTILE)}\n.PP\n{roff(HOSTILE)}\n"
    argv = ["mandoc", "-T", "utf8", "-O", "width=200"]
    shown = subprocess.run(argv, input=page, capture_output=True, text=True, check=True).stdout
    assert re.sub(".\b", "", shown).count(HOSTILE) == 2


HOSTILE = r".so /etc/passwd 'x' \fB-\- `~^ \(aq"


def _public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """What ``module`` defines for others, with the members of its classes."""
    for name, value in vars(module).items():
        ours = getattr(value, "__module__", None) == module.__name__
        if name.startswith("_") or not ours:
            continue
        if inspect.isfunction(value) or inspect.isclass(value):
            yield name, value
        if inspect.isclass(value):
            for member, what in vars(value).items():
                if not member.startswith("_") and isinstance(what, _MEMBERS):
                    yield f"{name}.{member}", getattr(what, "__func__", what)


_MEMBERS = (property, cached_property, classmethod, staticmethod, type(lambda: None))


@pytest.mark.parametrize("name", documented())
def test_every_public_thing_has_words_of_its_own(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    for what, value in _public(module):
        told = getattr(value, "__doc__", None) or ""
        made_up = told.startswith(f"{what}(")  # by dataclass
        assert told.strip(), f"{name}.{what}"
        assert not made_up, f"{name}.{what}"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = dict(attrs)
        self.ids.add(words.get("id") or "")
        if tag == "a":
            self.found.add(words.get("href") or "")


def _read(page: Path) -> _Links:
    links = _Links()
    links.feed(page.read_text(encoding="utf-8"))
    return links


def test_the_pages_hold_every_public_thing_and_lead_to_each_other(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make_pages(tmp_path).is_file()
    read = {path: _read(path) for path in tmp_path.rglob("*.html")}
    for name in documented():
        page = tmp_path / f"{name.replace('.', '/')}.html"
        for what, _value in _public(importlib.import_module(name)):
            assert what in read[page].ids, f"{name}.{what}"
    for page, links in read.items():
        for link in links.found:
            path, _, anchor = link.partition("#")
            if path.startswith("https:"):
                continue
            target = (page.parent / path).resolve() if path else page
            assert target in read, f"{page}: {link}"
            assert not anchor or anchor in read[target].ids, f"{page}: {link}"
