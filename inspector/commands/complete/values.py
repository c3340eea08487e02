# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an argument or an option can be, for click's ``shell_complete``.

What depends on a target comes from the :class:`Names` of the face's object; a face that holds no
target has none, and then only what is the same for every target is offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from inspector.commands.complete.names import Names
from inspector.model.registers import REGISTER_NAMES
from inspector.model.task import Running, Task

Items = list[CompletionItem]


def complete_what(ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Pids that begin so, then those of tasks whose name contains it; the name is the help.

    Kernel threads come last: few have a frame.
    """
    tasks = sorted(names_of(ctx).tasks, key=lambda task: task.kernel_thread)
    by_pid = [task for task in tasks if str(task.pid).startswith(typed)]
    folded = typed.lower()
    by_name = [task for task in tasks if folded and folded in task.comm.lower()]
    return _items((str(task.pid), _about(task)) for task in _each_once([*by_pid, *by_name]))


def complete_comm(ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Names of tasks, as the --comm GLOB that means them."""
    counts: dict[str, int] = {}
    for task in names_of(ctx).tasks:
        counts[task.comm] = counts.get(task.comm, 0) + 1
    found = _likely(counts, typed)
    return _items((_as_glob(comm), _count(counts[comm])) for comm in found)


def complete_syscall(_ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """UAPI names of 64-bit syscalls, with their numbers."""
    from inspector.kernel.syscall_names import names
    from inspector.model.syscall import Abi

    numbers = {name: nr for nr, name in names(Abi.X86_64).items()}
    return _items((name, str(numbers[name])) for name in _likely(numbers, typed))


def complete_place(ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Functions of the target."""
    return _items((name, "") for name in names_of(ctx).functions.matches(typed))


def complete_what_or_register(ctx: click.Context, param: click.Parameter, typed: str) -> Items:
    """The same as for WHAT, and registers of ``struct pt_regs``."""
    registers = _items((name, "register") for name in REGISTER_NAMES if name.startswith(typed))
    return [*complete_what(ctx, param, typed), *registers]


def complete_path(_ctx: click.Context, _param: click.Parameter | None, typed: str) -> Items:
    """A file: the face knows how files are completed."""
    return [CompletionItem(typed, type="file")]


def complete_dump(_ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Shipped dumps."""
    from inspector.target.shipped import shipped_names

    return _items((name, "shipped") for name in shipped_names() if name.startswith(typed))


def names_of(ctx: click.Context) -> Names:
    """What the face that completes knows of its target."""
    names = getattr(ctx.obj, "names", None)
    return names if isinstance(names, Names) else Names()


def _items(pairs: Iterable[tuple[str, str]]) -> Items:
    return [CompletionItem(value, help=text or None) for value, text in pairs]


def _likely(names: Iterable[str], typed: str) -> Iterator[str]:
    """Those that begin with ``typed``, then those that contain it, each in order."""
    folded = typed.lower()
    some = sorted(name for name in names if folded in name.lower())
    return iter(sorted(some, key=lambda name: not name.lower().startswith(folded)))


def _each_once(tasks: Iterable[Task]) -> Iterator[Task]:
    return iter({task.address: task for task in tasks}.values())


def _about(task: Task) -> str:
    running = ", on its cpu" if task.running is Running.ON_CPU else ""
    kernel = ", kernel thread" if task.kernel_thread else ""
    return f"{task.comm}{kernel}{running}"


def _as_glob(comm: str) -> str:
    """A pattern that matches ``comm`` and nothing else, fnmatch's characters taken literally."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in comm)


def _count(tasks: int) -> str:
    return "1 task" if tasks == 1 else f"{tasks} tasks"
