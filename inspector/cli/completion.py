# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion for bash, zsh and fish: click's own, which a shell asks for by a variable."""

from __future__ import annotations

import os

from inspector.cli.program import program

_ASKED = "_INSPECTOR_COMPLETE"


def is_asked() -> bool:
    """Whether a shell asks: for what can be typed next, or for the script that asks so."""
    return _ASKED in os.environ


def answer() -> int:
    """Print what the shell asked for; the exit status.

    The variable is bash_source, zsh_source or fish_source for the script, and ends in _complete
    for an answer; the words of the line are in others, as click's scripts set them.
    """
    from click.shell_completion import shell_complete  # only a shell that completes needs it

    return shell_complete(program, {}, "inspector", _ASKED, os.environ[_ASKED])
