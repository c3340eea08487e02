# SPDX-License-Identifier: LGPL-2.1-or-later
"""The line that does the same as root."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence


def sudo_line(arguments: Sequence[str]) -> str:
    """``sudo`` with the full path of what is running now, and its arguments."""
    return shlex.join(["sudo", *_program(), *arguments])


def _program() -> list[str]:
    started = os.path.abspath(sys.argv[0]) if sys.argv and sys.argv[0] else ""
    if os.path.basename(started) == "inspector" and os.access(started, os.X_OK):
        return [started]
    beside_python = os.path.join(os.path.dirname(sys.executable), "inspector")
    if os.access(beside_python, os.X_OK):
        return [beside_python]
    return [sys.executable, "-m", "inspector"]  # as it was started, from the same directory
