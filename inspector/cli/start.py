# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ``inspector`` of an installation: what is imported before anything can go wrong."""

from __future__ import annotations

import gc
import signal
import sys

from inspector.processes.signals import signals_end_it

# Objects, in place of 700: what is imported and opened before the first frame is no garbage, and
# to look for some in it takes a tenth of that time.
_GARBAGE = 100_000


def run() -> None:
    """Run it with the process's arguments; a signal ends it quietly at any time."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run it with ``arguments``: the exit status. Nothing but the end may come afterwards."""
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
