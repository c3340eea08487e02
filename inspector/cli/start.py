# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entry point of the installed command; imports little, so that signals are handled early."""

from __future__ import annotations

import gc
import signal
import sys

from inspector.processes.signals import signals_end_it

# Objects, in place of 700: what is imported and opened before the first frame is no garbage, and
# to look for some in it takes a tenth of that time.
_GARBAGE = 100_000


def run() -> None:
    """Run the command with the process's arguments; a signal ends it without a traceback."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run the command with ``arguments`` and return the exit status; nothing may run afterwards."""
    gc.set_threshold(_GARBAGE)
    signal.signal(
        signal.SIGCHLD, signal.SIG_DFL
    )  # who inherits it ignored has no child to wait for
    try:
        with signals_end_it():
            from inspector.cli.main import main

        status = main(arguments)
    except KeyboardInterrupt:  # while it was still being imported
        status = 130
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done
    return status
