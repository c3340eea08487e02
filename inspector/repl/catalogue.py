# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which words are commands at the prompt: every command of the command line, and the prompt's."""

from __future__ import annotations

import importlib
from typing import Any

import click

from inspector.commands.catalogue import COMMANDS, load_command

# name → module, which has the click command as ``command``
WORDS: dict[str, str] = {
    "select": "inspector.repl.words.select",
    "next": "inspector.repl.words.next",
    "prev": "inspector.repl.words.prev",
    "open": "inspector.repl.words.open",
    "refresh": "inspector.repl.words.refresh",
    "watch": "inspector.repl.words.watch",
    "set": "inspector.repl.words.set",
    "source": "inspector.repl.words.source",
    "help": "inspector.repl.words.help",
    "quit": "inspector.repl.words.quit",
    "ps": "inspector.repl.words.ps",
    "bt": "inspector.repl.words.bt",
    "sys": "inspector.repl.words.sys",
    "log": "inspector.repl.words.log",
    "crash": "inspector.repl.words.crash",
}

ALIASES = {"exit": "quit", "q": "quit", "up": "next", "down": "prev"}

_QUESTIONS = frozenset(("frames", "diff", "explain", "stack", "probe", "ps", "bt", "sys", "log"))

FROM_CRASH = ("ps", "bt", "sys", "log", "crash")


def is_command(word: str) -> bool:
    """Whether a line that begins with ``word`` is a command."""
    return word in WORDS or word in COMMANDS or word in ALIASES


def is_question(word: str) -> bool:
    """Whether ``word`` is a command that only answers: it can be asked again without harm."""
    return word in _QUESTIONS


def find_command(word: str) -> click.Command | None:
    """The command that ``word`` names, or None."""
    module = WORDS.get(ALIASES.get(word, word))
    if module is None:
        return load_command(word)
    command: click.Command = importlib.import_module(module).command
    return command


class AtThePrompt(click.Group):
    """All of them, as click's own completion wants them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *WORDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return find_command(cmd_name)


SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
