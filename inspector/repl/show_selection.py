# SPDX-License-Identifier: LGPL-2.1-or-later
"""One line about what is selected."""

from __future__ import annotations

from inspector.repl.turn import Turn


def show_selection(turn: Turn) -> None:
    """Write it where the answer goes."""
    from inspector.render.screen import show
    from inspector.render.selection_text import SelectionText

    selection = turn.bench.selection
    show(SelectionText(selection.task, selection.frames, selection.at), turn.out)
