# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes back what a freeze did, should it be killed before it can do so itself.

A process of its own, out of reach of the terminal's signals, that waits at the end of a pipe:
when the pipe ends without the word that all is done, it removes the probes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import FreezeError
from inspector.freezer.loading import unload
from inspector.freezer.trace_events import remove

_DONE = b"done"
_MODULE = "module"


@contextmanager
def guarded(what: str = _MODULE) -> Iterator[None]:
    """Until the block ends; the block removes what it made itself.

    :param what: ``module``, or the name of a group of kprobe events
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "inspector.freezer.guard", what],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.communicate(_DONE)


def main() -> None:
    """Wait, then remove."""
    if sys.stdin.buffer.read() == _DONE:
        return
    if sys.argv[1] == _MODULE:
        try:
            unload()
        except FreezeError:
            sys.exit(1)
    else:
        remove(sys.argv[1])


if __name__ == "__main__":
    main()
