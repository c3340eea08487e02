# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the prompt keeps what outlives a session."""

from __future__ import annotations

import os
from pathlib import Path

_NAME = "frame-inspector"


def history_path() -> Path:
    """The file with what was typed."""
    return _directory("XDG_STATE_HOME", "~/.local/state") / "history"


def startup_path() -> Path:
    """The file with lines that are run first."""
    return _directory("XDG_CONFIG_HOME", "~/.config") / "startup"


def _directory(variable: str, otherwise: str) -> Path:
    return Path(os.environ.get(variable) or otherwise).expanduser() / _NAME
