# SPDX-License-Identifier: LGPL-2.1-or-later
"""How far a small dump is cut down."""

from __future__ import annotations

from enum import Enum


class Trim(Enum):
    """What is cut down to what the answers needed of it."""

    UNWIND = "unwind"  # ORC
    ALL = "all"  # kallsyms and BTF too
