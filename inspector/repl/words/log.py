# SPDX-License-Identifier: LGPL-2.1-or-later
"""``log``: the kernel's log."""

from __future__ import annotations

import click

from inspector.repl.words.crash import run_words
from inspector.repl.workbench import Turn


@click.command(
    "log",
    short_help="The kernel's log, by drgn; as crash's.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("arguments", nargs=-1, metavar="[OPTION]...")
@click.pass_obj
def command(turn: Turn, *, arguments: tuple[str, ...]) -> None:
    """The kernel's log: runs drgn's crash log with the same arguments (-t, -T, -m, …)."""
    run_words(turn, ("log", *arguments))
