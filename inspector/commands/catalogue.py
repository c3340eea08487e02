# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of commands, in the order of the help, and the type of their examples."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

import click

# Which commands there are, in the order of the help.

# name → module, which has the click command as ``command``
COMMANDS: dict[str, str] = {
    "frames": "inspector.commands.frames",
    "diff": "inspector.commands.diff",
    "explain": "inspector.commands.explain",
    "stack": "inspector.commands.stack",
    "probe": "inspector.commands.probe",
    "report": "inspector.commands.report",
    "freeze": "inspector.commands.freeze",
    "distill": "inspector.commands.distill",
    "doctor": "inspector.commands.doctor",
}


def load_command(name: str) -> click.Command | None:
    """The command called ``name``, or None.

    Importing its module imports neither drgn nor rich; running the command does.
    """
    module = COMMANDS.get(name)
    if module is None:
        return None
    command: click.Command = importlib.import_module(module).command
    return command


# Examples of a command: declared with its options, shown by its help and on the man page.

_AS_IT_STANDS = "\b\n"  # click's mark of a paragraph that it does not wrap


@dataclass(frozen=True, slots=True)
class Example:
    """A line and its meaning.

    :ivar line: as it is typed at a shell, where ``vmcore`` is a dump
    :ivar about: a sentence that says what the line shows or does
    """

    line: str
    about: str


def epilog(examples: Sequence[Example]) -> str:
    """The end of a command's help."""
    lines = ["Examples:"]
    for example in examples:
        lines += [f"  {example.line}", f"      {example.about}"]
    return _AS_IT_STANDS + "\n".join(lines)
