# SPDX-License-Identifier: LGPL-2.1-or-later
"""The version."""

from __future__ import annotations

import importlib
import os

import click
from click.shell_completion import CompletionItem

from inspector.commands.catalogue import COMMANDS, load_command
from inspector.commands.completion import complete_path

_DISTRIBUTION = "frame-inspector"


def version() -> str:
    """The installed version, or "unknown" in a checkout that is not installed."""
    from importlib import metadata  # slow to import, and rarely wanted

    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "(a checkout that is not installed)"


class Commands(click.Group):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *FACES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in FACES:
            face: click.Command = importlib.import_module(FACES[cmd_name]).command
            return face
        return load_command(cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands and options, else a dump for ``inspector PATH``; bash cannot offer
        both.
        """
        return super().shell_complete(ctx, incomplete) or complete_path(ctx, None, incomplete)


REPL = "repl"
# What is more than a command: it is made of them. Name → module.
FACES = {REPL: "inspector.repl.command", "fleet": "inspector.fleet.command"}


def with_command(arguments: list[str]) -> list[str]:
    """Add the implied ``repl`` to ``inspector`` and ``inspector PATH``."""
    if not arguments or _is_path(arguments[0]):
        return [REPL, *arguments]
    return arguments


def _is_path(word: str) -> bool:
    if word.startswith("-") or word in COMMANDS or word in FACES:
        return False
    return os.sep in word or os.path.isfile(word)


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"inspector {version()}")
        ctx.exit()


@click.group(
    cls=Commands,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def program() -> None:
    """A "frame" here is a struct pt_regs frame of Linux, not a call frame.

    Finds the pt_regs frames on the kernel stacks of a running x86-64 kernel or a crash dump, and
    says what put each one there and what its registers therefore mean. Needs no debug packages.

    Without a command: the interactive prompt, on the dump at PATH if given.

    \b
    TARGET, for every command, is one of
      --live            the running kernel (the default, where /proc/kcore can be read)
      --core, -c PATH   a vmcore
      --qemu ADDRESS    a QEMU guest
      --records FILE    records saved by freeze -o
      --demo            a shipped dump of a real kernel

    Exit status: 0 whole answer, 1 nothing matched, 2 bad usage or target, 3 partial answer,
    4 freeze's COMMAND failed.
    """
