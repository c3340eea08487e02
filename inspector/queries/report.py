# SPDX-License-Identifier: LGPL-2.1-or-later
"""The full report, and a read of everything that any answer shows (for distill)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from inspector.classify.signature import crash_signature, exception_name, way_to_death
from inspector.errors import InspectorError, NothingMatched
from inspector.facts.uapi import HANDLER
from inspector.kernel.log import death_in, panic_in
from inspector.model.evidence import Missing, Unread
from inspector.model.frame import Frame
from inspector.model.machine import DeathKind, LogExcerpt, Machine, Signature
from inspector.model.report import DeathScene, Diff, FullReport, StackPicture, by_origin, by_syscall
from inspector.model.stack import CallFrame
from inspector.model.task import Task
from inspector.queries.choose import entry_frame, frame_in_question
from inspector.queries.diff import compared
from inspector.queries.explain import explained
from inspector.queries.source import Source
from inspector.queries.target import TargetSource

Step = Callable[[str], None]
"""Told in a few words what is being done, as often as is of use to somebody who waits."""

_TASKS_PER_STEP = 100

# What the question is about: at a function's entry, and the popular advice.
_ADVISED = ("kernel_clone", "x64_sys_call", "do_syscall_64", "entry_SYSCALL_64")
# Of documentation, of bpftrace's and bcc's tools.
_OFTEN_PROBED = frozenset(
    (
        "_raw_spin_lock",
        "begin_new_exec",
        "blk_account_io_done",
        "blk_mq_start_request",
        "bprm_execve",
        "commit_creds",
        "copy_process",
        "do_exit",
        "do_filp_open",
        "do_mmap",
        "do_nanosleep",
        "do_sys_open",
        "do_sys_openat2",
        "do_unlinkat",
        "filp_close",
        "finish_task_switch",
        "generic_file_read_iter",
        "handle_mm_fault",
        "hrtimer_nanosleep",
        "ip_rcv",
        "kfree",
        "kfree_skb_reason",
        "kmem_cache_alloc",
        "ksys_read",
        "ksys_write",
        "mutex_lock",
        "mutex_unlock",
        "netif_receive_skb",
        "notify_change",
        "oom_kill_process",
        "path_openat",
        "prepare_creds",
        "schedule",
        "security_file_open",
        "submit_bio",
        "tcp_close",
        "tcp_connect",
        "tcp_recvmsg",
        "tcp_retransmit_skb",
        "tcp_sendmsg",
        "tcp_set_state",
        "tcp_v4_connect",
        "try_to_wake_up",
        "udp_sendmsg",
        "vfs_create",
        "vfs_fsync_range",
        "vfs_open",
        "vfs_read",
        "vfs_statx",
        "vfs_unlink",
        "vfs_write",
        "wake_up_new_task",
        "wake_up_process",
    )
)


def _unwatched(_what: str) -> None:
    pass


def full_report(source: Source, step: Step = _unwatched) -> FullReport:
    """Everything that ``inspector report`` shows."""
    step("reading the log, modules and probes")
    machine = source.machine()
    tasks = tuple(source.tasks())
    panicking = source.panicking_task()
    stacks = _stacks(source, panicking)
    own = next((s for s in stacks if panicking and s.task.address == panicking.address), None)
    scene = _scene(source, stacks)
    struck = next((s for s in stacks if scene and scene.frame in s.frames), own)
    frames = _frames(source, tasks, step)
    asleep = source.uninterruptible(tasks)
    return FullReport(
        target=source.target_identity,
        kernel=source.kernel_identity,
        machine=_with_cause(source, machine),
        crash=source.crash,
        panicking=panicking,
        scene=scene,
        call_path=_call_path(struck, scene) if struck and source.killed_by else (),
        log=_log(source, machine),
        signature=_signature(source, struck, scene) if struck else None,
        stacks=stacks,
        diff=_diff(source, own) if own else None,
        frames=frames,
        probes=source.probes(),
        uninterruptible=asleep,
        by_syscall=by_syscall(tasks, frames, asleep),
        by_origin=by_origin(frames, asleep),
        missing=(*_not_there(machine), *source.missing),
    )


def read_everything(
    source: TargetSource, step: Step = _unwatched, functions: Collection[str] = ()
) -> tuple[Missing, ...]:
    """Ask ``source`` for every frame, picture, explanation and comparison that it can give.

    :param functions: that are to be probed too
    :returns: what could not be read
    """
    report = full_report(source, step)
    of_task: dict[int, list[Frame]] = {}
    for frame in report.frames:
        if frame.task is not None:
            of_task.setdefault(frame.task.address, []).append(frame)
    for number, task in enumerate(source.tasks()):
        if number % _TASKS_PER_STEP == 0:
            step(f"unwinding task {number:,}")
        _read_task(source, task, of_task.get(task.address, ()))
    step("reading what decides about probes")
    missing = (
        *report.missing,
        *_read_probes(source, functions),
        *_read_records(source),
        *source.missing,
    )
    return tuple(dict.fromkeys(missing))


def _scene(source: Source, stacks: Sequence[StackPicture]) -> DeathScene | None:
    killed_by = source.killed_by
    if killed_by is None or killed_by.frame is None:
        return None
    for stack in stacks:
        for frame in stack.frames:
            if frame.address == killed_by.frame:
                return DeathScene(frame, source.access(frame), source.compared_with_log(frame))
    return None


def _log(source: Source, machine: Machine) -> LogExcerpt | Unread:
    killed_by = source.killed_by
    if isinstance(machine.log, Unread):
        return machine.log
    return death_in(machine.log, killed_by.kind if killed_by else None)


def _with_cause(source: Source, machine: Machine) -> Machine:
    """Add the headline of a death of this kind, not of an earlier death."""
    killed_by = source.killed_by
    if killed_by is None or isinstance(machine.log, Unread):
        return machine
    return replace(machine, panic=panic_in(machine.log, killed_by.kind))


def _call_path(stack: StackPicture, scene: DeathScene | None) -> tuple[CallFrame, ...]:
    return way_to_death(stack.task, stack.calls, stack.frames, scene.frame if scene else None)


def _signature(source: Source, stack: StackPicture, scene: DeathScene | None) -> Signature | None:
    killed_by = source.killed_by
    killer = scene.frame if scene else None
    if killed_by is None:
        died_of = ""
    elif killer is not None and killed_by.kind is DeathKind.OOPS:
        died_of = exception_name(killer)
    else:
        died_of = killed_by.kind.value
    return crash_signature(stack.task, stack.calls, stack.frames, died_of, killer)


def _stacks(source: Source, panicking: Task | None) -> tuple[StackPicture, ...]:
    first = (panicking,) if panicking is not None and panicking.stack is not None else ()
    on_cpus = {task.address: task for task in (*first, *source.running_tasks())}
    return tuple(source.stack(task) for task in on_cpus.values())


def _frames(source: Source, tasks: Sequence[Task], step: Step) -> tuple[Frame, ...]:
    found: list[Frame] = []
    for number, task in enumerate(tasks):
        if number % _TASKS_PER_STEP == 0:
            step(f"reading the frames of task {number:,} of {len(tasks):,}")
        found += source.frames_of(task)
    return (*found, *source.note_frames(tasks))


def _diff(source: Source, stack: StackPicture) -> Diff | None:
    left = entry_frame(stack.task, stack.frames)
    right = frame_in_question(stack.task, stack.frames, source.killed_by)
    if left is None or right is None:
        return None
    others = (f for f in stack.frames if f.address not in (left.address, right.address))
    return compared(source, left, right, tuple(others))


def _not_there(machine: Machine) -> tuple[Missing, ...]:
    return tuple(Missing(unread.rule, unread.reason) for unread in machine.unread)


def _read_probes(source: TargetSource, wanted: Collection[str]) -> tuple[Missing, ...]:
    """Read what decides about any probe, and the text of functions that are often probed."""
    for place in _ADVISED:
        with suppress(NothingMatched):  # a kernel older than the name
            source.probe(place, 0, None, place)
    functions = source.target.symbols.functions()
    handlers = {name for name in functions if name.startswith(HANDLER)}
    return source.read_probing(handlers | functions.intersection(_OFTEN_PROBED | set(wanted)))


def _read_task(source: Source, task: Task, frames: Sequence[Frame]) -> None:
    source.calls_of(task)
    entry = entry_frame(task, frames)
    for frame in frames:
        _read_frame(source, frame, entry)


def _read_records(source: Source) -> tuple[Missing, ...]:
    try:
        hits = source.hits()
    except NothingMatched:
        return ()
    except InspectorError as error:
        return (Missing.of(error),)
    for hit in hits:
        _read_frame(source, hit.given, hit.entry)
    return ()


def _read_frame(source: Source, frame: Frame, entry: Frame | None) -> None:
    """Read what explaining ``frame`` needs, except user memory, which is not kept."""
    if not frame.user_mode:
        explained(source, frame, entry)
