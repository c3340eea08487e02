# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which commands there are, in the order of the help."""

from __future__ import annotations

import importlib

import click

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

    Its module imports neither drgn nor rich; running it does.
    """
    module = COMMANDS.get(name)
    if module is None:
        return None
    command: click.Command = importlib.import_module(module).command
    return command
