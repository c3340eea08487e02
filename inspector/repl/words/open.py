# SPDX-License-Identifier: LGPL-2.1-or-later
"""``open``: another target."""

from __future__ import annotations

import click

from inspector.commands.completion import complete_path
from inspector.commands.options import target_options
from inspector.commands.target import TargetOptions, target_spec
from inspector.repl.start import with_path
from inspector.repl.workbench import Turn, greet


@click.command("open", short_help="Open a dump, or another target, in place of this one.")
@click.argument("path", metavar="[PATH]", required=False, shell_complete=complete_path)
@target_options
@click.pass_obj
def command(turn: Turn, *, target: TargetOptions, path: str | None) -> None:
    """Open the dump at PATH, or the target that the options name, in place of the one that is open.

    If that fails, the one that is open stays.
    """
    turn.bench.open(target_spec(with_path(target, path), turn.bench.base.sudo_line))
    greet(turn.bench, turn.out)
