# SPDX-License-Identifier: LGPL-2.1-or-later
"""One line per step on stderr, with the seconds it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(text: str) -> Iterator[None]:
    """Name a step, run it, and end its line with the time. Steps do not nest."""
    print(f"lab: {text} ...", end="", file=sys.stderr, flush=True)
    start = time.monotonic()
    outcome = "failed after"
    try:
        yield
        outcome = "done in"
    finally:
        print(f" {outcome} {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
