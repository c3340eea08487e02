# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel offers to one who looks for the syscall number."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.model.probe_site import ProbeSite, Unread


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """Places that have it at hand; None where a kernel lacks one.

    :ivar handler: a syscall's function that is given the entry frame: ``__x64_sys_*``
    :ivar dispatcher: ``x64_sys_call``
    :ivar entry: ``do_syscall_64``
    :ivar tracepoint: the address of raw_syscalls:sys_enter's ``struct tracepoint``
    :ivar entry_offset: from ``task->stack`` to ``task_pt_regs(task)``, in bytes
    """

    handler: ProbeSite | None
    dispatcher: ProbeSite | None
    entry: ProbeSite | None
    tracepoint: int | Unread | None
    entry_offset: int
