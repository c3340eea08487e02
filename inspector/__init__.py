# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which ``struct pt_regs`` frames lie on a kernel's stacks, and what put each one there.

``import inspector`` is enough: :func:`open` gives a :class:`Kernel`, whose answers are values.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspector.api import Kernel, from_program, open  # noqa: A004 - as inspector.open
    from inspector.errors import (
        FreezeError,
        InspectorError,
        NothingMatched,
        RecordError,
        TargetError,
        Unreadable,
        UsageError,
    )
    from inspector.model.frame import Frame
    from inspector.model.origin import Origin
    from inspector.model.registers import Registers
    from inspector.model.task import Task

_HOME = {
    "open": "inspector.api",
    "from_program": "inspector.api",
    "Kernel": "inspector.api",
    "Frame": "inspector.model.frame",
    "Origin": "inspector.model.origin",
    "Registers": "inspector.model.registers",
    "Task": "inspector.model.task",
    "InspectorError": "inspector.errors",
    "TargetError": "inspector.errors",
    "UsageError": "inspector.errors",
    "NothingMatched": "inspector.errors",
    "Unreadable": "inspector.errors",
    "FreezeError": "inspector.errors",
    "RecordError": "inspector.errors",
}

__all__ = [
    "Frame",
    "FreezeError",
    "InspectorError",
    "Kernel",
    "NothingMatched",
    "Origin",
    "RecordError",
    "Registers",
    "TargetError",
    "Task",
    "Unreadable",
    "UsageError",
    "from_program",
    "open",
]


def __getattr__(name: str) -> Any:
    """Importing the package alone imports no drgn: ``--help`` and completion must be quick."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
