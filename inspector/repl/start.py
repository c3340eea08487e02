# SPDX-License-Identifier: LGPL-2.1-or-later
"""PATH as another way to say --core PATH."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace

from inspector.commands.session import Session
from inspector.commands.target import TargetOptions, target_spec
from inspector.errors import UsageError
from inspector.processes.child import go_on_in_a_child
from inspector.repl.runner import Runner
from inspector.repl.terminal import PlainTerminal
from inspector.repl.workbench import Leave, Workbench
from inspector.target.spec import TargetKind, TargetSpec


def with_path(target: TargetOptions, path: str | None) -> TargetOptions:
    """``target`` with the dump at ``path``, if that is given.

    :raises UsageError: if it has one already
    """
    if path is None:
        return target
    if target.core is not None:
        raise UsageError(f"more than one dump: {path} and --core {target.core}")
    return replace(target, core=path)


def start(
    session: Session, target: TargetOptions, path: str | None, lines: tuple[str, ...], vi: bool
) -> int:
    """Run ``lines`` if there are any, else those of the terminal or of the standard input.

    :returns: the status of the last line
    :raises TargetError: if a target is named and cannot be opened
    """
    target = with_path(target, path)
    spec = _spec(session, target)
    if session.contained and spec is not None and spec.kind is TargetKind.CORE:
        go_on_in_a_child(spec.path or "", None)
    bench = Workbench(replace(session, plugins=True, contained=False))
    bench.vi_mode = vi
    if not lines and sys.stdin is not None and sys.stdin.isatty() and session.out.isatty():
        if os.environ.get("TERM", "dumb") not in ("dumb", "unknown"):
            from inspector.repl.terminal import Terminal

            return Terminal(bench, spec).run()
        if spec is not None:
            bench.open(spec)
        return PlainTerminal(bench).run()
    if spec is not None:
        bench.open(spec)
    return _run(Runner(bench), bench, lines or sys.stdin or ())


def _run(runner: Runner, bench: Workbench, lines: Iterable[str]) -> int:
    try:
        return runner.run_lines(lines)
    except Leave:
        return bench.status


def _spec(session: Session, target: TargetOptions) -> TargetSpec | None:
    """What to open; None where none is named, and the running kernel cannot be read.

    The prompt can do without one; a line that needs one then says what :func:`target_spec` says.
    """
    try:
        return target_spec(target, session.sudo_line)
    except UsageError:
        if target != TargetOptions():
            raise
        return None
