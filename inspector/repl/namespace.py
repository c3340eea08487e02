# SPDX-License-Identifier: LGPL-2.1-or-later
"""The names that Python code sees at the prompt."""

from __future__ import annotations

from typing import Any

import drgn
from drgn.cli import default_globals

import inspector
from inspector.repl.workbench import Workbench


def namespace(bench: Workbench) -> dict[str, Any]:
    """drgn's own (``prog``, its helpers), ``inspector``, and the selection."""
    names: dict[str, Any] = {"__name__": "__main__", "inspector": inspector}
    if bench.opened is not None and bench.opened.target is not None:
        names = {**default_globals(bench.opened.target.prog), **names}
        names["target"] = bench.opened.target
    bind_selection(names, bench)
    return names


def bind_selection(names: dict[str, Any], bench: Workbench) -> None:
    """``task`` and ``regs`` as drgn objects, ``frame`` and ``survey`` as this project's."""
    task, frame = bench.selection.task, bench.selection.frame
    names["task"] = _pointer(bench, "struct task_struct *", task.address if task else None)
    names["regs"] = _pointer(bench, "struct pt_regs *", frame.address if frame else None)
    names["frame"] = frame
    names["survey"] = bench.survey() if bench.opened is not None else None


def _pointer(bench: Workbench, type_name: str, address: int | None) -> drgn.Object | None:
    if bench.opened is None or bench.opened.target is None or address is None:
        return None
    return drgn.Object(bench.opened.target.prog, type_name, address)
