# SPDX-License-Identifier: LGPL-2.1-or-later
"""One line each: which target and kernel an answer is about, and which task."""

from __future__ import annotations

from rich.text import Text

from inspector.model.kernel import KernelIdentity, TargetIdentity
from inspector.model.task import Running, Task
from inspector.render import style
from inspector.render.glyphs import Glyphs
from inspector.render.safe import safe


def target_line(target: TargetIdentity, kernel: KernelIdentity, glyphs: Glyphs) -> Text:
    """Target, format, kernel, and where its types come from."""
    name = f"{target.kind} {safe(target.path)}" if target.path else target.kind
    if target.format:
        name += f" ({safe(target.format)})"
    parts = (name, f"Linux {safe(kernel.release)} {kernel.arch}", f"{kernel.types.upper()} types")
    return joined([Text(part, style.LABEL) for part in parts], glyphs)


def task_line(task: Task, glyphs: Glyphs) -> Text:
    """Name, pid, CPU and the address of its ``task_struct``."""
    where = "on cpu" if task.running is Running.ON_CPU else "last on cpu"
    pid = f"pid {task.pid}" if task.pid == task.tgid else f"pid {task.pid} of {task.tgid}"
    parts = (f"{where} {task.cpu}", f"task_struct {task.address:#x}")
    name = Text(f"{safe(task.comm)}, {pid}", style.STRONG)
    return joined([name, *(Text(part) for part in parts)], glyphs)


def joined(parts: list[Text], glyphs: Glyphs) -> Text:
    """The parts with a dot between them."""
    return Text(f" {glyphs.dot} ", style.LABEL).join(parts)
