# SPDX-License-Identifier: LGPL-2.1-or-later
"""The colours of the prompt: the terminal's own 16, so that every theme stays readable."""

from __future__ import annotations

import os

from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

LOOK = Style.from_dict(
    {
        "prompt": "bold",
        "command": "bold",
        "option": "ansicyan",
        "text": "ansigreen",
        "operator": "ansimagenta",
        "pygments.keyword": "ansimagenta",
        "pygments.literal.string": "ansigreen",
        "pygments.literal.number": "ansicyan",
        "pygments.comment": "italic",
        "toolbar.live": "bold",
        "toolbar.failed": "bold",
    }
)


def colour_depth() -> ColorDepth | None:
    """None leaves it to the terminal; NO_COLOR (no-color.org) leaves bold and reverse."""
    return ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None
