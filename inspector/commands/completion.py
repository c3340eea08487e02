# SPDX-License-Identifier: LGPL-2.1-or-later
"""Completion candidates, for the shell and the prompt."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

import click
from click.shell_completion import CompletionItem

from inspector.model.registers import REGISTER_NAMES
from inspector.model.task import Running, Task

# Finding names by what was typed: those that begin so, those that contain it, then the rest.
#
# 150,000 names must answer between two keystrokes. So the first two never look at a name in
# Python
# that does not match (bisection, and ``str.find`` over one string), and the third, for when they
# find nothing, looks at those only that have all the letters.

_LEAST_FUZZY = 3  # of fewer characters, what contains them is enough
_MOST_LOOKED_AT = 30_000  # keeps a keystroke short whatever is typed
_BETWEEN = "\n"  # in no name
# Letters of kernel symbols; the first ones leave the fewest names to look at.
_RARE_FIRST = "zjqxwyk8639754210vhfgbmupcoldn.aistre_"


class SortedNames:
    """Distinct names in alphabetical order."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = sorted({name for name in names if _BETWEEN not in name})
        self._text = _BETWEEN + _BETWEEN.join(self._names) + _BETWEEN
        folded = self._text.lower()
        # A letter may fold to two; then nothing is folded, for places must agree.
        self._folded = folded if len(folded) == len(self._text) else self._text

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        at = bisect_left(self._names, name)
        return at < len(self._names) and self._names[at] == name

    def matches(self, typed: str, limit: int = 200) -> list[str]:
        """Up to ``limit`` names that match ``typed``, best match first."""
        found = dict.fromkeys(islice(self._beginning(typed), limit))
        if typed and len(found) < limit:
            found.update(dict.fromkeys(islice(self._containing(typed.lower()), limit)))
        if len(typed) >= _LEAST_FUZZY and not found:
            found.update(dict.fromkeys(self._with_letters(typed)))
        return list(islice(found, limit))

    def _beginning(self, typed: str) -> Iterator[str]:
        for at in range(bisect_left(self._names, typed), len(self._names)):
            if not self._names[at].startswith(typed):
                return
            yield self._names[at]

    def _containing(self, folded: str) -> Iterator[str]:
        at = self._folded.find(folded)
        while at >= 0:
            end = self._folded.index(_BETWEEN, at)
            yield self._text[self._text.rindex(_BETWEEN, 0, at + 1) + 1 : end]
            at = self._folded.find(folded, end)

    def _with_letters(self, typed: str) -> list[str]:
        """Names that contain these letters in this order, shortest first."""
        some = self._names
        for letter in sorted(set(typed), key=_RARE_FIRST.find):
            some = [name for name in some if letter in name]
        in_order = re.compile("".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in typed))
        found = [name for name in some[:_MOST_LOOKED_AT] if in_order.match(name)]
        return sorted(found, key=lambda name: (len(name), name))


# A snapshot of what a target's things are called: completion never asks the target itself.


@dataclass(frozen=True, slots=True)
class Names:
    """:ivar tasks: as they were when the target was opened
    :ivar functions: symbols of code
    """

    tasks: tuple[Task, ...] = ()
    functions: SortedNames = field(default_factory=SortedNames)


# What an argument or an option can be, for click's ``shell_complete``.
#
# What depends on a target comes from the :class:`Names` of the face's object; a face that holds
# no
# target has none, and then only what is the same for every target is offered.

Items = list[CompletionItem]


def complete_selector(ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Pids that begin with the typed text, then pids of tasks whose name contains it.

    Kernel threads come last: few have a frame.
    """
    tasks = sorted(names_of(ctx).tasks, key=lambda task: task.kernel_thread)
    by_pid = [task for task in tasks if str(task.pid).startswith(typed)]
    folded = typed.lower()
    by_name = [task for task in tasks if folded and folded in task.comm.lower()]
    return _items((str(task.pid), _about(task)) for task in _each_once([*by_pid, *by_name]))


def complete_comm(ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Task names, as --comm GLOBs that match exactly that name."""
    counts: dict[str, int] = {}
    for task in names_of(ctx).tasks:
        counts[task.comm] = counts.get(task.comm, 0) + 1
    found = _likely(counts, typed)
    return _items((_as_glob(comm), _count(counts[comm])) for comm in found)


def complete_syscall(_ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """UAPI names of 64-bit syscalls, with their numbers."""
    from inspector.facts.uapi import Abi, names

    numbers = {name: nr for nr, name in names(Abi.X86_64).items()}
    return _items((name, str(numbers[name])) for name in _likely(numbers, typed))


def complete_place(ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Functions of the target."""
    return _items((name, "") for name in names_of(ctx).functions.matches(typed))


def complete_selector_or_register(ctx: click.Context, param: click.Parameter, typed: str) -> Items:
    """Candidates for SELECTOR, and the registers of ``struct pt_regs``."""
    registers = _items((name, "register") for name in REGISTER_NAMES if name.startswith(typed))
    return [*complete_selector(ctx, param, typed), *registers]


def complete_path(_ctx: click.Context, _param: click.Parameter | None, typed: str) -> Items:
    """A file name; the shell or the prompt completes it."""
    return [CompletionItem(typed, type="file")]


def complete_dump(_ctx: click.Context, _param: click.Parameter, typed: str) -> Items:
    """Shipped dumps."""
    from inspector.target.spec import shipped_names

    return _items((name, "shipped") for name in shipped_names() if name.startswith(typed))


def names_of(ctx: click.Context) -> Names:
    """The names that the completing face knows of its target."""
    names = getattr(ctx.obj, "names", None)
    return names if isinstance(names, Names) else Names()


def _items(pairs: Iterable[tuple[str, str]]) -> Items:
    return [CompletionItem(value, help=text or None) for value, text in pairs]


def _likely(names: Iterable[str], typed: str) -> Iterator[str]:
    """Names that begin with ``typed``, then names that contain it."""
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
    """A glob that matches only ``comm``."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in comm)


def _count(tasks: int) -> str:
    return "1 task" if tasks == 1 else f"{tasks} tasks"
