# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which ``struct pt_regs`` frames lie on a kernel's stacks, and what put each one there.

:func:`open` and :func:`of_program` are documented, with examples, in :mod:`inspector.api`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.api import of_program, open  # noqa: A004 - as inspector.open

__all__ = ["of_program", "open"]


def __getattr__(name: str) -> Any:
    """Importing the package alone imports no drgn: ``--help`` and completion must be quick."""
    if name in __all__:
        from inspector import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
