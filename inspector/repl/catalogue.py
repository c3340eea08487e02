# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of the prompt: those of the command line, and its own words."""

from __future__ import annotations

import importlib
from typing import Any

import click

from inspector.commands.catalogue import COMMANDS, load_command

# name → module:attribute
WORDS: dict[str, str] = {
    "select": "inspector.repl.selection_words:select",
    "next": "inspector.repl.selection_words:next_frame",
    "prev": "inspector.repl.selection_words:previous_frame",
    "open": "inspector.repl.target_words:open_target",
    "refresh": "inspector.repl.target_words:refresh",
    "watch": "inspector.repl.target_words:watch",
    "set": "inspector.repl.session_words:set_choice",
    "source": "inspector.repl.session_words:source",
    "help": "inspector.repl.session_words:show_help",
    "quit": "inspector.repl.session_words:quit_session",
    "ps": "inspector.repl.crash:ps",
    "bt": "inspector.repl.crash:bt",
    "sys": "inspector.repl.crash:sys_",
    "log": "inspector.repl.crash:log",
    "crash": "inspector.repl.crash:crash",
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
    place = WORDS.get(ALIASES.get(word, word))
    if place is None:
        return load_command(word)
    module, _, attribute = place.partition(":")
    command: click.Command = getattr(importlib.import_module(module), attribute)
    return command


class AtThePrompt(click.Group):
    """All of them, as click's own completion wants them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *WORDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return find_command(cmd_name)


SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
