# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector fleet``: its commands, imported by name."""

from __future__ import annotations

import importlib

import click

_COMMANDS = {
    "run": "inspector.fleet.run",
    "query": "inspector.fleet.query",
    "compare": "inspector.fleet.compare",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name]).command
        return command


@click.group("fleet", cls=_Commands, short_help="Many dumps, one answer: run, query, compare.")
def command() -> None:
    """The frames of many dumps in one dataset, and questions to it.

    \b
      inspector fleet run /var/crash -o crashes       read every dump there
      inspector fleet query crashes                   what they died of, and where they were stuck
      inspector fleet compare last-week crashes       what is new

    Needs the extra: pip install 'frame-inspector[fleet]'.
    """
