# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal's whole screen, given back as it was afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import RenderableType

from inspector.render.screen import screen_of


@contextmanager
def whole_screen(out: TextIO) -> Iterator[Callable[[RenderableType], None]]:
    """:returns: what shows an answer in place of the one before"""
    with screen_of(out).screen() as screen:
        yield lambda answer: screen.update(answer)
