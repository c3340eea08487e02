# SPDX-License-Identifier: LGPL-2.1-or-later
"""``inspector distill``: the options."""

from __future__ import annotations

from pathlib import Path

import click

from inspector.commands.session import Session
from inspector.commands.status import Status


@click.command("distill", short_help="A small dump that holds what the answers need.")
@click.argument("core", metavar="CORE", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "small",
    metavar="SMALL",
    required=True,
    type=click.Path(path_type=Path),
    help="The dump to write.",
)
@click.option(
    "--vmlinux", metavar="PATH", type=click.Path(path_type=Path), help="DWARF of that kernel."
)
@click.pass_obj
def command(session: Session, *, core: Path, small: Path, vmlinux: Path | None) -> Status:
    """Write a small vmcore with only those pages of CORE that this program's answers need."""
    from inspector.commands.run.distill import run

    return run(session, core, small, vmlinux)
