# SPDX-License-Identifier: LGPL-2.1-or-later
"""Types of the kernel's global variables, which BTF leaves out.

Only what drgn's helpers and this package ask for. A type that differs between
kernels is spelled so that every kernel's BTF gives it the right meaning.
"""

GLOBALS: dict[str, str] = {
    "crash_notes": "note_buf_t *",  # kernel/kexec_core.c, per-CPU memory
    "ftrace_ops_list": "struct ftrace_ops *",  # kernel/trace/ftrace.c
    "init_pid_ns": "struct pid_namespace",
    "init_task": "struct task_struct",
    "init_uts_ns": "struct uts_namespace",
    "kprobe_ftrace_ops": "struct ftrace_ops",  # arch/x86/kernel/kprobes/core.c
    "kprobe_ipmodify_ops": "struct ftrace_ops",
    "kprobe_table": "struct hlist_head [64]",  # kernel/kprobes.c, KPROBE_TABLE_SIZE
    "modules": "struct list_head",  # kernel/module/main.c
    "nr_cpu_ids": "unsigned int",
    "panic_cpu": "atomic_t",
    "prb": "struct printk_ringbuffer *",
    "runqueues": "struct rq",
    "__cpu_online_mask": "struct cpumask",
    "__cpu_possible_mask": "struct cpumask",
    "__cpu_present_mask": "struct cpumask",
    "__per_cpu_offset": "unsigned long [8192]",
}
