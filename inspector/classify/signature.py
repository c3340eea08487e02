# SPDX-License-Identifier: LGPL-2.1-or-later
"""The signature of a crash, from the stack of the task that panicked: see ``docs/signature.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from inspector.facts.cpu import VECTOR_NAMES
from inspector.model.frame import FoundIn, Frame
from inspector.model.machine import Signature
from inspector.model.origin import Origin
from inspector.model.stack import CallFrame, Location, StackKind
from inspector.model.task import Task

# A function's name without what compilers and kernel versions add to it.

# What gcc and clang append to a clone, a cold part, a function made global by LTO or one
# whose signature they changed; several may follow each other.
_SUFFIX = re.compile(
    r"(?:\.(?:isra|constprop|part|cold|lto_priv|localalias|llvm|ipa_ra|clone|cfi|cfi_jt|unlikely)"
    r"(?:\.\w+)*)+$"
)

# One syscall is several functions that call each other, or are inlined into each other, or share
# an address, by version and compiler (arch/x86/include/asm/syscall_wrapper.h).
_SYSCALL = re.compile(r"^__(?:x64|ia32|x32|do|se)_(?P<compat>compat_)?sys_")


def function_name(location: Location) -> str:
    """``vfs_read``, ``sys_fork``, ``handler [module]``: no offset, no suffix."""
    name = _SUFFIX.sub("", location.symbol)
    name = _SYSCALL.sub(lambda found: f"{found['compat'] or ''}sys_", name)
    return f"{name} [{location.module}]" if location.module else name


# Functions that say how a kernel works, not what went wrong in it. Tables.

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
    """Whether the function called ``name`` only waits."""
    return _WAITING.fullmatch(name) is not None


def is_panic(name: str) -> bool:
    """Whether the function called ``name`` runs because of a panic."""
    return _PANIC.fullmatch(name) is not None


def is_glue(name: str) -> bool:
    """Whether the function called ``name`` only dispatches to another."""
    return _GLUE.fullmatch(name) is not None


# The signature of a crash, from the stack of the task that panicked.

# The deeper, the more inlining differs between compilers.
MOST_FUNCTIONS = 3

# What the CPU was doing when one of these came says nothing of the bug: it is another one each
# time. The way out ends there.
_INTERRUPTS = {Origin.IRQ: "interrupt", Origin.SYSVEC: "interrupt", Origin.NMI: "nmi"}


def crash_signature(
    task: Task,
    calls: Sequence[CallFrame],
    frames: Sequence[Frame],
    died_of: str = "",
    killer: Frame | None = None,
) -> Signature | None:
    """The signature of a crash.

    :param calls: of the task, innermost first
    :param frames: of the task, innermost first
    :param died_of: the exception's name, or the kind of the death; "" where it is not known
    :param killer: the frame of the code that it died in: what lies further in is not the bug
    :returns: None where neither calls nor frames are known
    """
    traps: Sequence[Frame] = [
        f for f in frames if f.found_in is FoundIn.STACK and f.origin is not Origin.CRASH_NOTE
    ]
    calls = way_to_death(task, calls, frames, killer)
    if killer is not None:
        traps = _beyond(traps, killer)
        function = _struck(killer, calls)
        parts = [f"{died_of}: {function}", *_way_out(task, calls, traps, function)]
    else:
        parts = [*_way_out(task, calls, traps, "")]
        if parts and died_of:
            parts[0] = f"{died_of}: {parts[0]}"
    if task.kernel_thread and parts and not _ended(parts):
        parts.append("kernel thread")
    return Signature(tuple(parts)) if parts else None


def exception_name(frame: Frame) -> str:
    """``page-fault``, ``divide-error``: the origin, or what the vector is called."""
    if frame.vector is None or frame.origin is not Origin.EXCEPTION:
        return frame.origin.value
    return VECTOR_NAMES.get(frame.vector, f"exception {frame.vector}")


def way_to_death(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame], killer: Frame | None
) -> tuple[CallFrame, ...]:
    """The calls to the place that killed, innermost first: without what ran because of it.

    :param killer: the frame of the code that the kernel died in, None for a ``panic()``
    """
    named = tuple(call for call in calls if call.location is not None)
    on_stack = [f for f in frames if f.found_in is FoundIn.STACK]
    at = next((i for i, f in enumerate(on_stack) if killer and f.address == killer.address), None)
    if at is not None:
        return named[_places(task, named, on_stack)[at] :]
    last = max((i for i, call in enumerate(named) if is_panic(_name(call))), default=-1)
    return named[last + 1 :]


def _struck(killer: Frame, calls: Sequence[CallFrame]) -> str:
    """The function that ``killer`` interrupted, or that called a function that only waits."""
    function = _interrupted(killer)
    if not function:
        return "user mode" if killer.user_mode else "unknown"
    names = (name for name in map(_name, calls) if not is_waiting(name))
    return next(names, function) if is_waiting(function) else function


def _beyond(frames: Sequence[Frame], killer: Frame) -> Sequence[Frame]:
    at = next((i for i, f in enumerate(frames) if f.address == killer.address), -1)
    return frames[at + 1 :]


def _ended(parts: Sequence[str]) -> bool:
    return parts[-1] in _INTERRUPTS.values()


def _way_out(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame], done: str
) -> Iterator[str]:
    """Functions and frames up to the first interrupt.

    :param done: the function that stands in the signature already
    """
    for part in _functions_and_frames(task, calls, frames, done):
        yield part
        if part in _INTERRUPTS.values():
            return


def _functions_and_frames(
    task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame], done: str
) -> Iterator[str]:
    places = _places(task, calls, frames)
    functions, last = 0, done
    for i, call in enumerate(calls):
        before = [frame for frame, place in zip(frames, places, strict=True) if place == i]
        yield from map(_frame_part, before)
        name = _name(call)
        if before:
            last = _interrupted(before[-1])
        # The function that a frame interrupted, and one that calls itself, stand there already.
        skipped = name == last or is_glue(name) or is_waiting(name)
        if not skipped and functions < MOST_FUNCTIONS:
            functions, last = functions + 1, name
            yield name
    yield from (_frame_part(f) for f, i in zip(frames, places, strict=True) if i == len(calls))


def _places(task: Task, calls: Sequence[CallFrame], frames: Sequence[Frame]) -> list[int]:
    """For each frame the index of the call that it interrupted."""
    places: list[int] = []
    for frame in reversed(frames):  # outermost first: none lies beyond the one that it is within
        end = places[-1] if places else len(calls)
        inside = (i for i in range(end + 1) if i < len(calls) and _outside(task, calls[i], frame))
        places.append(min(next(inside, end), end))
    return places[::-1]


def _outside(task: Task, call: CallFrame, frame: Frame) -> bool:
    """Whether ``call`` is of the code that ``frame`` interrupted, or outside of it."""
    if call.pc == frame.registers.ip:
        return True
    if frame.stack is not StackKind.TASK or task.stack is None or call.sp is None:
        return False
    return call.sp in task.stack and call.sp > frame.address


def _frame_part(frame: Frame) -> str:
    if frame.syscall is not None and frame.origin.is_syscall:
        return f"{frame.origin.value} {frame.syscall.name or frame.syscall.nr}"
    name = exception_name(frame)
    if frame.user_mode:
        return f"{name} from user mode"
    if frame.origin in _INTERRUPTS:
        return _INTERRUPTS[frame.origin]
    interrupted = _interrupted(frame)
    return f"{name} in {interrupted}" if interrupted else name


def _interrupted(frame: Frame) -> str:
    if frame.interrupted is None or frame.user_mode:
        return ""
    return function_name(frame.interrupted)


def _name(call: CallFrame) -> str:
    return "" if call.location is None else function_name(call.location)
