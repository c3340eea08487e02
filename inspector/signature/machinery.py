# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions that say how a kernel works, not what went wrong in it. Tables."""

from __future__ import annotations

import re

# What runs once somebody has decided to panic: up to the outermost of these everything is left
# out, for how far a CPU gets in there depends on how the dump was made.
# kernel/panic.c, kernel/kexec_core.c, arch/x86/kernel/{dumpstack,crash}.c, arch/x86/mm/fault.c,
# lib/bug.c.
_PANIC = re.compile(
    r"v?panic|nmi_panic|panic_smp_self_stop|(?:__)?crash_kexec|crash_setup_regs|machine_kexec"
    r"|oops_(?:begin|end)|__?die(?:_addr|_header|_body)?|die|page_fault_oops|no_context"
    r"|bad_area(?:_nosemaphore|_access_error)?|__bad_area(?:_nosemaphore)?"
    r"|kernelmode_fixup_or_oops|do_kern_addr_fault|die_kernel_fault|show_fault_oops"
    r"|dump_stack(?:_lvl)?|show_stack|delay_tsc|(?:__)?(?:const_)?[mu]?delay|emergency_restart"
    r"|(?:__)?warn|warn_slowpath_\w+|__warn_printk|report_bug|__report_bug|check_panic_on_warn|mce_panic"
)

# Between the CPU's or the tracer's entry and the code it is for: differs in every release.
_GLUE = re.compile(
    # arch/x86/entry
    r"asm_\w+|entry_\w+|do_syscall_\w+|__do_fast_syscall_32|do_fast_syscall_32|do_int80_\w+"
    r"|x(?:64|32)_sys_call|ia32_sys_call|syscall_(?:enter|exit)_\w+|(?:irqentry|exit_to)_\w+"
    r"|error_(?:entry|return)|paranoid_\w+|end_repeat_nmi|ret_from_fork(?:_asm)?|call_on_\w+stack"
    # arch/x86/kernel/traps.c, arch/x86/mm/fault.c, irq.c, nmi.c
    r"|exc_\w+|noist_exc_\w+|do_(?:int3|trap|error_trap|page_fault|nmi|debug|user_addr_fault)"
    r"|do_(?:general_protection|double_fault|invalid_op|IRQ|machine_check)|handle_(?:bug|page_fault)"
    r"|(?:__)?common_interrupt|(?:__)?sysvec_\w+|smp_\w+_interrupt|default_do_nmi|nmi_handle"
    r"|math_error|int3|page_fault|general_protection|async_page_fault|notify_die"
    r"|(?:atomic_|__)?notifier_call_chain|fixup_exception"
    # kernel/kprobes.c, arch/x86/kernel/kprobes, kernel/trace/ftrace.c, kernel/trace/rethook.c
    r"|kprobe_(?:int3_handler|handler|ftrace_handler|exceptions_notify|debug_handler)"
    r"|aggr_pre_handler|aggr_post_handler|opt_pre_handler|optimized_callback"
    r"|(?:arch_)?(?:rethook|kretprobe)_trampoline\w*|pre_handler_kretprobe"
    r"|ftrace_\w+|arch_ftrace_ops_list_func|__ftrace_ops_list_func|return_to_handler"
    # kernel/kthread.c, smpboot.c, workqueue.c, softirq.c
    r"|kthread|kernel_thread|kernel_thread_helper|smpboot_thread_fn|worker_thread"
    r"|process_(?:one_work|scheduled_works)|__do_softirq|handle_softirqs|(?:__)?irq_exit(?:_rcu)?"
    r"|(?:__)?do_softirq\w*|(?:__)?do_softirq_own_stack|invoke_softirq|run_ksoftirqd"
    r"|tasklet_(?:hi_)?action(?:_common)?|(?:__)?local_bh_enable(?:_ip)?"
    # kernel/time/timer.c, hrtimer.c; kernel/smp.c; kernel/irq
    r"|call_timer_fn|expire_timers|(?:__)?run_timer(?:s|_base|_softirq)|__hrtimer_run_queues"
    r"|hrtimer_(?:interrupt|run_queues|run_softirq)|__run_hrtimer|timer_expire_remote"
    r"|(?:__)?flush_smp_call_function_queue|generic_smp_call_function_single_interrupt"
    r"|csd_do_func|handle_(?:irq|edge_irq|fasteoi_irq|level_irq)\w*|generic_handle_\w+"
    r"|handle_irq_event\w*|__handle_irq_event_percpu"
    # init/main.c, kernel/module: the way to a module's init function
    r"|do_one_initcall|do_init_module|load_module|init_module_from_file|idempotent_init_module"
    r"|sys_(?:f?init_module)"
    # fs/read_write.c, fs/proc/inode.c, fs/kernfs/file.c: the way to a file's own operation
    r"|k?sys_p?(?:read|write)v?(?:64)?|ksys_(?:read|write)|vfs_(?:read|write)|new_sync_(?:read|write)"
    r"|proc_reg_(?:read|write)|pde_(?:read|write)|__vfs_(?:read|write)|do_iter_\w+"
)


# Where a CPU stands that waits: which of them it is says nothing of what it waits for.
_WAITING = re.compile(r"delay_\w+|(?:__)?(?:const_)?[mun]?delay|__delay|cpu_relax|rep_nop")


def is_waiting(name: str) -> bool:
    """Whether the function called ``name`` only lets time pass."""
    return _WAITING.fullmatch(name) is not None


def is_panic(name: str) -> bool:
    """Whether the function called ``name`` runs because of a panic."""
    return _PANIC.fullmatch(name) is not None


def is_glue(name: str) -> bool:
    """Whether the function called ``name`` only leads to another."""
    return _GLUE.fullmatch(name) is not None
