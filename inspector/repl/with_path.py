# SPDX-License-Identifier: LGPL-2.1-or-later
"""PATH as another way to say --core PATH."""

from __future__ import annotations

from dataclasses import replace

from inspector.commands.target import TargetOptions
from inspector.errors import UsageError


def with_path(target: TargetOptions, path: str | None) -> TargetOptions:
    """``target`` with the dump at ``path``, if that is given.

    :raises UsageError: if it has one already
    """
    if path is None:
        return target
    if target.core is not None:
        raise UsageError(f"more than one dump: {path} and --core {target.core}")
    return replace(target, core=path)
