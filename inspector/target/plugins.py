# SPDX-License-Identifier: LGPL-2.1-or-later
"""drgn's plugins, which it imports when a program is first given its memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_WANTED, _NOT_WANTED = "DRGN_PLUGINS", "DRGN_DISABLE_PLUGINS"  # drgn's documented variables


@contextmanager
def without_plugins() -> Iterator[None]:
    """Open a program without them, unless the environment says otherwise.

    What drgn itself has there, and this package too, is commands for a prompt: they take longer
    to import than the first frame takes to find.
    """
    if _WANTED in os.environ or _NOT_WANTED in os.environ:
        yield
        return
    os.environ[_NOT_WANTED] = "*"
    try:
        yield
    finally:
        del os.environ[_NOT_WANTED]
