# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands inside drgn: ``%frames``, ``%framediff``, … on the program that it has open.

drgn imports this through its entry point ``drgn.plugins``; the commands themselves are imported
when one of them is used.
"""

from __future__ import annotations

import logging
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource
from drgn import Program, ProgramFlags
from drgn.commands import (
    DEFAULT_COMMAND_NAMESPACE,
    CommandError,
    CommandNamespace,
    ParsedCommand,
    parse_shell_command,
)

from inspector.commands.catalogue import load_command
from inspector.commands.failure import failure_of
from inspector.commands.options import TARGET_NAMES
from inspector.commands.session import Session
from inspector.errors import InspectorError

# drgn's name → ours. None of them is a name of drgn's or of its crash commands.
COMMANDS = {
    "frames": "frames",
    "framediff": "diff",
    "frameexplain": "explain",
    "framestack": "stack",
    "frameprobe": "probe",
    "framereport": "report",
}
_CRASH_COMMANDS = "drgn.commands._crash.common"


@dataclass(frozen=True, slots=True)
class FrameCommand:
    """One of our commands as a ``drgn.commands.Command``.

    :ivar name: drgn's
    :ivar ours: as on the command line
    """

    name: str
    ours: str

    def description(self) -> str:
        return self._click().get_short_help_str(limit=100)

    def format_usage(self) -> str:
        return self._click().get_usage(self._context()).removeprefix("Usage: ")

    def format_help(self, *, indent: str = "") -> str:
        return textwrap.indent(self._click().get_help(self._context()), indent)

    def enabled(self, prog: Program) -> bool:
        return bool(prog.flags & ProgramFlags.IS_LINUX_KERNEL)

    def parse(self, source: str, /) -> ParsedCommand[Sequence[str]]:
        return parse_shell_command(source)

    def run(self, prog: Program, name: str, args: Sequence[str], /, **_more: Any) -> None:
        """:raises CommandError: with the line that the command line would print"""
        try:
            self._run(prog, name, args)
        except click.exceptions.Exit:
            return
        except Exception as error:
            raise CommandError(failure_of(error, [name, *args]).message) from None

    def _run(self, prog: Program, name: str, args: Sequence[str]) -> None:
        from inspector.queries.target import TargetSource
        from inspector.target.open import target_of_program

        command = self._click()
        with command.make_context(f"%{name}", list(args)) as context:
            _check_target(context)
            source = TargetSource(target_of_program(prog))
            context.obj = Session(sys.stdout, sys.stderr, "", held=source)
            command.invoke(context)

    def _click(self) -> click.Command:
        command = load_command(self.ours)
        assert command is not None  # COMMANDS names those of the catalogue
        return command

    def _context(self) -> click.Context:
        return click.Context(self._click(), info_name=f"%{self.name}")


def _check_target(context: click.Context) -> None:
    for name in TARGET_NAMES:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{flag}: not allowed here; the target is the program in drgn")


def register(namespace: CommandNamespace) -> None:
    """Add the commands to ``namespace``."""
    for name, ours in COMMANDS.items():
        namespace.register(name, FrameCommand(name, ours))


register(DEFAULT_COMMAND_NAMESPACE)


def drgn_prog_set(prog: Program) -> None:
    """drgn's hook: a distilled dump faults where it kept nothing, for drgn's own helpers too.

    drgn-crash has loaded its commands by now, drgn perhaps never will.
    """
    crash = sys.modules.get(_CRASH_COMMANDS)
    if crash is not None:
        register(crash.CRASH_COMMAND_NAMESPACE)
    from inspector.target.open import keep_to_the_map

    try:
        keep_to_the_map(prog)
    except InspectorError as error:
        logging.getLogger("drgn").warning("%s", error)
