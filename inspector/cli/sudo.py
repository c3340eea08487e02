# SPDX-License-Identifier: LGPL-2.1-or-later
"""The line that does the same as root."""

from __future__ import annotations

import os
import shlex
import site
import sys
from collections.abc import Sequence

from inspector.isolated import isolated, needed_directories

_DEBIAN = "/usr/local/bin"  # where its pip puts programs, though its prefix is /usr


def sudo_line(arguments: Sequence[str]) -> str:
    """``sudo``, what is running now by its full path, and its arguments.

    Root's Python finds what is installed for everybody. It finds no user's install, and nothing
    by ``PYTHONPATH``, which sudo drops: then the line names where they are. In no case does it
    import from the current directory.
    """
    program = _installed()
    if program is None:
        return shlex.join(["sudo", *isolated("inspector.cli.start", *arguments)])
    return shlex.join(["sudo", program, *arguments])


def _installed() -> str | None:
    """The program that was started, if root can start it too."""
    if getattr(sys, "frozen", False):
        return sys.executable
    started = os.path.abspath(sys.argv[0]) if sys.argv and sys.argv[0] else ""
    if os.path.basename(started) != "inspector" or not os.access(started, os.X_OK):
        return None
    directory = os.path.dirname(os.path.realpath(started))
    if directory not in (os.path.realpath(os.path.join(sys.prefix, "bin")), _DEBIAN):
        return None
    if _has_more() and needed_directories():
        return None
    return started


def _has_more() -> bool:
    """Whether this Python imports from where root's would not; to ask from where takes longer."""
    return bool(os.environ.get("PYTHONPATH") or site.getusersitepackages() in sys.path)
