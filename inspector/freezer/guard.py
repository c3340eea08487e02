# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes back what a freeze did, should it be killed before it can do so itself.

A process of its own, out of reach of the terminal's signals, that waits at the end of a pipe:
when the pipe ends without the word that all is done, it removes the probes. It says that it is
ready before anything is armed: a freeze without a guard does not begin.
"""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.errors import FreezeError
from inspector.freezer.loading import unload
from inspector.freezer.tracefs import remove
from inspector.processes.isolated import clean_environment, isolated

_READY = b"ready\n"
_DONE = b"done"
_MODULE = "module"
_STARTS_WITHIN = 60  # seconds; an emulated machine needs 2


@contextmanager
def guarded(what: str = _MODULE) -> Iterator[None]:
    """Have a guard while the block runs; the block itself removes what it made.

    :param what: ``module``, or the name of a group of kprobe events
    :raises FreezeError: if the guard does not start; the block is not entered then
    """
    process = subprocess.Popen(
        isolated(__name__, what),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
        env=clean_environment(),
    )
    try:
        _wait_until_ready(process)
        yield
    finally:
        process.communicate(_DONE)


def _wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    ready, _, _ = select.select([process.stdout], [], [], _STARTS_WITHIN)
    if ready and process.stdout.readline() == _READY:
        return
    process.kill()
    said = process.stderr.read().decode("utf-8", "backslashreplace").strip().splitlines()
    reason = said[-1] if said else f"no answer within {_STARTS_WITHIN} s"
    raise FreezeError(f"guard (it removes the probes of a killed freeze): {reason}")


def main(arguments: list[str]) -> int:
    """Say that it is ready, wait, then remove."""
    sys.stdout.buffer.write(_READY)
    sys.stdout.flush()
    if sys.stdin.buffer.read() == _DONE:
        return 0
    (what,) = arguments
    if what != _MODULE:
        remove(what)
        return 0
    try:
        unload()
    except FreezeError:
        return 1
    return 0
