# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is being done, for somebody who waits at a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Protocol, TextIO

from inspector.render.safe import safe

_PATIENCE = 0.7  # seconds; what is done by then needs no progress


class Step(Protocol):
    """Is told what is being done."""

    def __call__(self, what: str, /) -> None: ...


@contextmanager
def progress(err: TextIO) -> Iterator[Step]:
    """A line on ``err`` while the block runs, if that is a terminal; it leaves nothing behind."""
    if not err.isatty():
        yield _silent
        return
    from inspector.render.screen import screen_of  # rich: slow to import, and only for a terminal

    status = screen_of(err).status("")
    started = Timer(_PATIENCE, status.start)
    started.daemon = True

    def step(what: str, /) -> None:
        status.update(safe(what))

    started.start()
    try:
        yield step
    finally:
        started.cancel()
        started.join()
        status.stop()


def _silent(_what: str, /) -> None:
    pass
