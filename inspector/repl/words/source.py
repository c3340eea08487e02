# SPDX-License-Identifier: LGPL-2.1-or-later
"""``source``: the lines of a file."""

from __future__ import annotations

from pathlib import Path

import click

from inspector.commands.completion import complete_path
from inspector.errors import UsageError
from inspector.repl.workbench import Turn


@click.command("source", short_help="Run the lines of a file as if they were typed.")
@click.argument(
    "path", metavar="PATH", type=click.Path(path_type=Path), shell_complete=complete_path
)
@click.pass_obj
def command(turn: Turn, *, path: Path) -> int:
    """Run the lines of the file at PATH as if they were typed."""
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not a text") from None
    return turn.run(text)
