# SPDX-License-Identifier: LGPL-2.1-or-later
"""``quit``: leave."""

from __future__ import annotations

import click

from inspector.repl.workbench import Leave


@click.command("quit", short_help="Leave; so does Ctrl-D.")
def command() -> None:
    """Leave the session; so does Ctrl-D on an empty line."""
    raise Leave
