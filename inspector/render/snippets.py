# SPDX-License-Identifier: LGPL-2.1-or-later
"""Code that prints the syscall number at a probe: bpftrace, a kprobe module, a tracefs script."""

from __future__ import annotations

from collections.abc import Callable

from inspector.model.probe import NumberArgument, SnippetKind, SnippetPlan

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
    """A bpftrace program that prints the number at each hit."""
    offset = f"+{plan.place.offset}" if plan.place.offset else ""
    return _PROGRAM.format(
        place=f"{plan.place.symbol}{offset}",
        release=plan.release,
        unsafe=_UNSAFE if offset else "",
        own_orig_ax=plan.own_orig_ax,
        offset=plan.entry_offset,
    )


_SOURCE = """\
// SPDX-License-Identifier: GPL-2.0
/*
 * The syscall number at {place}, on Linux {release} (x86-64).
 * The handler's own orig_ax is no number: {own_orig_ax}.
 *
 * Save it as number.c in an empty directory, and there, as root:
 *	echo 'obj-m := number.o' >Kbuild
 *	make -C /lib/modules/$(uname -r)/build M=$PWD
 *	insmod number.ko
 *	cat /sys/module/number/parameters/numbers
 *	rmmod number
 * A negative number is no system call (a page fault, an interrupt); after a 32-bit system call
 * it is one of the 32-bit table, and bit 30 (0x40000000) marks one of x32.
 */
#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>

static int numbers[64]; /* of the first hits */
static unsigned int count;
module_param_array(numbers, int, &count, 0444);

static atomic_t hits = ATOMIC_INIT(0);

/* Runs in a trap or in ftrace, with any lock held: it copies and returns. */
static int keep_number(struct kprobe *kp, struct pt_regs *regs)
{{
	unsigned int hit;

	if (current->flags & PF_KTHREAD) /* never came from user mode: no frame */
		return 0;
	hit = atomic_inc_return(&hits) - 1;
	if (hit < ARRAY_SIZE(numbers)) {{
		numbers[hit] = (int)task_pt_regs(current)->orig_ax;
		count = hit + 1;
	}}
	return 0;
}}
NOKPROBE_SYMBOL(keep_number);

static struct kprobe probe = {{
	.symbol_name = "{symbol}",
	.offset = {offset:#x},
	.pre_handler = keep_number,
}};

static int __init number_init(void)
{{
	return register_kprobe(&probe);
}}

static void __exit number_exit(void)
{{
	unregister_kprobe(&probe);
}}

module_init(number_init);
module_exit(number_exit);
MODULE_LICENSE("GPL");
"""


def module_snippet(plan: SnippetPlan) -> str:
    """A kprobe module that keeps the number of each hit, to be read while it is loaded."""
    return _SOURCE.format(
        place=plan.probed,
        release=plan.release,
        own_orig_ax=plan.own_orig_ax,
        symbol=plan.symbol,
        offset=plan.place.offset,
    )


_SCRIPT = """\
#!/bin/sh
# The syscall number at {place}, on Linux {release} (x86-64).
{how}
# The handler's own orig_ax is no number: {own_orig_ax}.
# As root: sh FILE COMMAND... probes while COMMAND runs; without one, for ten seconds.
set -e
tracing=/sys/kernel/tracing
[ -e $tracing/kprobe_events ] || tracing=/sys/kernel/debug/tracing
own=$tracing/instances/number
mkdir $own
leave() {{
	echo 0 >$own/tracing_on
	for event in {events}; do echo 0 >$own/events/$event/enable; done
	grep -v '^#' $own/trace{filtered}
	rmdir $own
	echo -:number/hit >>$tracing/kprobe_events
}}
trap 'exit 1' INT TERM
trap 'leave 2>/dev/null' EXIT
echo 'p:number/hit {place} {fetched}' >>$tracing/kprobe_events
{only}for event in {events}; do echo 1 >$own/events/$event/enable; done
if [ $# -gt 0 ]; then "$@"; else sleep 10; fi
"""

_FROM_FRAME = """\
# di points to the task's syscall frame, a struct pt_regs: orig_ax, the number, is at +120 in it,
# and ax at +80."""
_FROM_ARGUMENT = "# The number is an argument of this function: its low 32 bits."
_FROM_TRACEPOINT = """\
# No argument of this function leads to the number: the tracepoint raw_syscalls:sys_enter tells it
# first, and each hit is joined with what its task entered last and has not left. A hit without a
# number is in no system call (a kernel thread, an interrupt, a page fault)."""

# The task is what stands before the CPU: "comm-pid", and a comm may have blanks.
_JOINED = r""" | awk '
		match($0, /-[0-9]+ +\[/) { task = substr($0, RSTART, RLENGTH) }
		/ sys_enter: NR / { sub(/.* NR /, ""); nr[task] = $1; next }
		/ sys_exit: NR / { delete nr[task]; next }
		{ print $0, (task in nr) ? "nr=" nr[task] : "in no syscall" }'"""

# With a command only what it and its children do: every system call of all is much.
_ONLY_OURS = """\
echo 1 >$own/options/event-fork
[ $# -eq 0 ] || echo $$ >$own/set_event_pid
"""

_EVENT = "number/hit"
_TRACEPOINTS = "raw_syscalls/sys_enter raw_syscalls/sys_exit"


def tracefs_snippet(plan: SnippetPlan) -> str:
    """A shell script that sets a kprobe event, shows the number at each hit, and cleans up."""
    joined = plan.argument is None
    return _SCRIPT.format(
        place=plan.probed,
        release=plan.release,
        how=_how(plan.argument),
        own_orig_ax=plan.own_orig_ax,
        events=f"{_TRACEPOINTS} {_EVENT}" if joined else _EVENT,
        filtered=_JOINED if joined else "",
        only=_ONLY_OURS if joined else "",
        fetched=_fetched(plan.argument),
    )


def _how(argument: NumberArgument | None) -> str:
    if argument is None:
        return _FROM_TRACEPOINT
    return _FROM_FRAME if argument is NumberArgument.ENTRY_FRAME else _FROM_ARGUMENT


def _fetched(argument: NumberArgument | None) -> str:
    own = "own_orig_ax=%orig_ax:s64 own_ax=%ax:x64"
    if argument is None:
        return own
    entry_ax = " entry_ax=+80(%di):s64" if argument is NumberArgument.ENTRY_FRAME else ""
    return f"nr={argument.value}:s32{entry_ax} {own}"


_BY_KIND: dict[SnippetKind, Callable[[SnippetPlan], str]] = {
    SnippetKind.TRACEFS: tracefs_snippet,
    SnippetKind.BPFTRACE: bpftrace_snippet,
    SnippetKind.MODULE: module_snippet,
}


def snippet(kind: SnippetKind, plan: SnippetPlan) -> str:
    """Code that gets the syscall number, ready to paste; it ends with a newline."""
    return _BY_KIND[kind](plan)
