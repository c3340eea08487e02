# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shell script that sets a kprobe event, shows the number at each hit, and takes all back."""

from __future__ import annotations

from inspector.model.snippet import NumberArgument, SnippetPlan

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
    """The whole script."""
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
