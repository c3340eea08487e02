# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bpftrace program that prints the number at each hit."""

from __future__ import annotations

from inspector.model.snippet import SnippetPlan

_PROGRAM = """\
// The syscall number at {place}, on Linux {release} (x86-64).
// As root: bpftrace {unsafe}FILE
// The handler's own orig_ax is no number: {own_orig_ax}.
// The task's entry frame has it, {offset} bytes above the end of its stack on this kernel:
// task_pt_regs(current). A kernel thread (PF_KTHREAD) has none; -1 there is no system call; and
// with 32 for the ABI (TS_COMPAT) the number is one of the 32-bit table.
kprobe:{place}
{{
	$task = (struct task_struct *)curtask;
	if (($task->flags & 0x200000) == 0) {{
		$entry = (struct pt_regs *)((uint64)$task->stack + {offset});
		printf("%s %d nr=%d entry_ax=%d abi=%d\\n", comm, tid, (int32)$entry->orig_ax,
			(int64)$entry->ax, ($task->thread_info.status & 2) == 0 ? 64 : 32);
	}}
}}
"""

# bpftrace wants to see the text of a place that is no function's first: without vmlinux it cannot.
_UNSAFE = "--unsafe "


def bpftrace_snippet(plan: SnippetPlan) -> str:
    """The whole program."""
    offset = f"+{plan.place.offset}" if plan.place.offset else ""
    return _PROGRAM.format(
        place=f"{plan.place.symbol}{offset}",
        release=plan.release,
        unsafe=_UNSAFE if offset else "",
        own_orig_ax=plan.own_orig_ax,
        offset=plan.entry_offset,
    )
