# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reason of a difference, taken apart where each side has its own."""

from __future__ import annotations

from inspector.model.report import RegisterDiff

_BETWEEN = " | "


def reasons(field: RegisterDiff) -> tuple[str, str]:
    """The reason for the left value and for the right; the second is empty if they share it."""
    left, _between, right = field.why.partition(_BETWEEN)
    return left, right
