# SPDX-License-Identifier: LGPL-2.1-or-later
"""How two frames lie to each other, where they are on one stack."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from inspector.model.frame import Frame
from inspector.model.report import Diff
from inspector.render import style


def distance_line(diff: Diff) -> Iterator[Text]:
    """One line, or none where the two are on different stacks."""
    left, right = diff.left, diff.right
    if not _one_stack(left, right) or left.address == right.address:
        return
    bytes_between = abs(left.address - right.address)
    below = right.address < left.address
    where = "below the left one" if below else "above the left one"
    text = f"the right frame lies {bytes_between:#x} ({bytes_between:,}) bytes {where}"
    yield Text("distance     ", style.LABEL).append(text, "not dim")


def _one_stack(left: Frame, right: Frame) -> bool:
    if left.task is None or right.task is None or left.stack is None:
        return False
    return left.stack is right.stack and left.task.address == right.task.address
