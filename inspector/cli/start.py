# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entry point of the installed command: sets what holds for the whole process.

Imports little, so that a signal during the other imports ends the command quietly too.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TextIO

from inspector.processes.signals import interrupts_delivered, signals_end_it

# Objects, in place of 700: what is imported and opened before the first frame is no garbage, and
# to look for some in it takes a tenth of that time.
_GARBAGE = 100_000
_INTERRUPTED = 130


def run() -> None:
    """Run the command with the process's arguments; a signal ends it without a traceback."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command with ``arguments`` and return the exit status; nothing may run afterwards."""
    gc.set_threshold(_GARBAGE)
    os.register_at_fork(before=gc.freeze)  # else the child's collector copies all of it
    # If SIGCHLD is inherited ignored, there is no child to wait for.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A process started with closed streams (>&-) has none in Python.
    sys.stdout = _never_unencodable(sys.stdout or _nowhere())
    sys.stderr = _never_unencodable(sys.stderr or _nowhere())
    try:
        with interrupts_delivered():
            status = _answer(arguments)
    except KeyboardInterrupt:
        status = _INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done
    return status


def _answer(arguments: list[str]) -> int:
    with signals_end_it():
        from inspector.cli.main import main

    return main(arguments)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _never_unencodable(stream: TextIO) -> TextIO:
    """Escape characters that the terminal's encoding lacks, instead of raising."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream
