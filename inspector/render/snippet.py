# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code that gets the syscall number, of the kind that was asked for."""

from __future__ import annotations

from collections.abc import Callable

from inspector.model.snippet import SnippetKind, SnippetPlan
from inspector.render.snippet_bpftrace import bpftrace_snippet
from inspector.render.snippet_module import module_snippet
from inspector.render.snippet_tracefs import tracefs_snippet

_BY_KIND: dict[SnippetKind, Callable[[SnippetPlan], str]] = {
    SnippetKind.TRACEFS: tracefs_snippet,
    SnippetKind.BPFTRACE: bpftrace_snippet,
    SnippetKind.MODULE: module_snippet,
}


def snippet(kind: SnippetKind, plan: SnippetPlan) -> str:
    """Paste-ready text that ends with a newline."""
    return _BY_KIND[kind](plan)
