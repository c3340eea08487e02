# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python interface: :func:`open` gives a :class:`Kernel`, whose answers are frozen values.

See ``docs/api.md``. One thread at a time may use a kernel: drgn allows no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.errors import UsageError
from inspector.model.frame import Frame, whole
from inspector.model.origin import Origin
from inspector.model.probe import parse_place
from inspector.model.task import Address, Pid, Selector, Task
from inspector.queries.opening import open_source
from inspector.queries.source import Source
from inspector.target.spec import TargetKind, TargetSpec, TypeSource

if TYPE_CHECKING:
    from drgn import Program

    from inspector.model.evidence import Missing
    from inspector.model.freeze import Hit
    from inspector.model.machine import KernelIdentity, Machine, TargetIdentity
    from inspector.model.probe import ProbeAnswer
    from inspector.model.record import Kprobe
    from inspector.model.report import (
        Diff,
        Explanation,
        FullReport,
        NoPair,
        Report,
        StackPicture,
        Timeline,
    )
    from inspector.model.stack import CallFrame

Selected = Task | Frame | int | None
"""A task, a frame, a pid or the address of either; None for the task that crashed."""


@contextmanager
def open(  # noqa: A001 - read as inspector.open, like gzip.open
    core: str | PathLike[str] | None = None,
    *,
    live: bool = False,
    qemu: str | None = None,
    pause: bool = False,
    records: str | PathLike[str] | None = None,
    demo: bool = False,
    dump: str | None = None,
    types: str = "auto",
    vmlinux: str | PathLike[str] | None = None,
    system_map: str | PathLike[str] | None = None,
) -> Iterator[Kernel]:
    """Open one target, as the options of the same names do on the command line.

    :param core: a vmcore (kdump or ELF)
    :param live: the running kernel; needs root
    :param qemu: the address of a guest's QMP; ``pause`` stops the guest while it is open
    :param records: a file that ``inspector freeze -o`` saved
    :param demo: the dump that is shipped; ``dump`` names another shipped one
    :param types: where types come from: "auto", "btf" or "dwarf"
    :param vmlinux: an image of that very kernel, with DWARF
    :param system_map: symbols of that kernel, where its own table is not found
    :raises UsageError: unless exactly one target is named
    :raises TargetError: if the target cannot be opened
    """
    named = [
        (kind, path)
        for kind, path, given in (
            (TargetKind.CORE, None if core is None else fspath(core), core is not None),
            (TargetKind.LIVE, None, live),
            (TargetKind.QEMU, qemu, qemu is not None),
            (TargetKind.RECORDS, None if records is None else fspath(records), records is not None),
            (TargetKind.DEMO, dump, demo or dump is not None),
        )
        if given
    ]
    if len(named) != 1:
        raise UsageError(f"expected one target, got {len(named)}")
    ((kind, path),) = named
    spec = TargetSpec(
        kind,
        path,
        TypeSource(types),
        None if vmlinux is None else Path(vmlinux),
        None if system_map is None else Path(system_map),
        pause,
    )
    with open_source(spec) as source:
        yield Kernel(source)


def from_program(prog: Program) -> Kernel:
    """A kernel in a ``drgn.Program`` that is open already, with its DWARF or the kernel's BTF.

    :raises TargetError: if it is not an x86-64 Linux kernel, or lacks symbols or types
    """
    from inspector.queries.target import TargetSource
    from inspector.target.open import target_of_program

    return Kernel(TargetSource(target_of_program(prog)))


class Kernel:
    """A kernel and the frames on its stacks.

    Addresses are kernel virtual ones, as unsigned 64-bit integers; frames and calls come innermost
    first. Each answer lists what is ``missing`` from it, and depends on no earlier answer.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    def __repr__(self) -> str:
        target, kernel = self.target, self.identity
        return f"Kernel({kernel.release}, {target.kind} {target.path or ''})".replace(" )", ")")

    @property
    def target(self) -> TargetIdentity:
        """The target: kind, path, and the dump's format."""
        return self._source.target_identity

    @property
    def identity(self) -> KernelIdentity:
        """The kernel: release, build ID, and the source of its types."""
        return self._source.kernel_identity

    @property
    def is_dump(self) -> bool:
        """Whether the target is a dump, in which nothing changes."""
        return self._source.is_dump

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What the target lacks for every answer."""
        return self._source.again().missing

    def tasks(self) -> tuple[Task, ...]:
        """Every thread, including kernel threads and, in a dump, idle tasks that were on a CPU."""
        return tuple(self._source.again().tasks())

    def task(self, pid: int) -> Task:
        """The thread whose pid (the kernel's) is ``pid``.

        :raises NothingMatched: if there is none
        """
        return self._source.again().task(pid)

    def panicking_task(self) -> Task | None:
        """The task that panicked, an idle one too; None where none did."""
        return self._source.again().panicking_task()

    def frames(
        self,
        *,
        selected: Selected = None,
        comm: str | None = None,
        syscall: str | None = None,
        origin: Origin | None = None,
        cpu: int | None = None,
        with_records: bool = False,
    ) -> Report:
        """Frames of every task, or of the selected one, that match every given condition.

        :raises NothingMatched: if the selected task or frame does not exist
        """
        from inspector.queries.frames import FrameFilter, frames_report

        selector = _selector(selected)
        selectors = () if selector is None else (selector,)
        wanted = FrameFilter(selectors, comm, syscall, origin, cpu, with_records)
        return frames_report(self._source.again(), wanted)

    def each_frame(self) -> Iterator[Frame]:
        """Yield every frame as it is read, for kernels with very many tasks."""
        source = self._source.again()
        return (whole(found) for found in source.found(source.tasks()))

    def frames_of(self, task: Task) -> tuple[Frame, ...]:
        """The frames on the stacks of one task, its entry frame last."""
        return self._source.again().frames_of(task)

    def calls_of(self, task: Task) -> tuple[CallFrame, ...]:
        """The call frames of one task."""
        return self._source.again().calls_of(task)

    def explain(self, selected: Selected = None, *, record: int | None = None) -> Explanation:
        """Explain every register of a frame: its meaning, with evidence."""
        from inspector.queries.explain import entry_of, explained, explanation_of

        source = self._source.again()
        if isinstance(selected, Frame):
            return explained(source, selected, entry_of(source, selected))
        return explanation_of(source, _selector(selected), record=record)

    def diff(
        self,
        selected: Selected = None,
        *,
        record: int | None = None,
        left: Origin | None = None,
        right: Origin | None = None,
    ) -> Diff | NoPair:
        """Compare the two frames of a task that matter, as ``inspector diff`` does.

        :returns: a :class:`NoPair` with the reason if nothing is selected and there are not two
            frames
        """
        from inspector.queries.diff import diff_of

        selector = _selector(selected)
        selectors = () if selector is None else (selector,)
        return diff_of(self._source.again(), selectors, record=record, left=left, right=right)

    def compare(self, left: Frame, right: Frame) -> Diff:
        """Two frames side by side, every register with the reason."""
        from inspector.queries.diff import compared

        return compared(self._source.again(), left, right)

    def timeline(self, selected: Selected = None, *, record: int | None = None) -> Timeline:
        """One recorded event: ax and orig_ax as each probe recorded them."""
        from inspector.queries.diff import timeline_of

        return timeline_of(self._source.again(), _selector(selected), record=record)

    def stack(self, selected: Selected = None) -> StackPicture:
        """Call frames and pt_regs frames of one task's stacks, interleaved by address."""
        from inspector.queries.choose import stack_of

        return stack_of(self._source.again(), _selector(selected))

    def stacks_of_cpus(self) -> tuple[StackPicture, ...]:
        """The stack of the task on each CPU."""
        from inspector.queries.choose import stacks_of_cpus

        return stacks_of_cpus(self._source.again())

    def probe(self, place: str) -> ProbeAnswer:
        """Predict what a kprobe at ``place`` would do and what its frame would hold.

        :param place: ``[MODULE:]SYMBOL[+OFFSET]``
        :raises ValueError: if ``place`` has another form
        """
        asked = parse_place(place)
        source = self._source.again()
        return source.probe(asked.symbol, asked.offset, asked.module, asked.text)

    def probes(self) -> tuple[Kprobe, ...]:
        """The registered kprobes, by address."""
        return self._source.again().probes()

    def hits(self) -> tuple[Hit, ...]:
        """The records of the framefreeze module: two frames each.

        :raises NothingMatched: if it is not loaded
        """
        return self._source.again().hits()

    def machine(self) -> Machine:
        """Panic, uptime, taint, modules and log; a missing part says so."""
        return self._source.again().machine()

    def report(self) -> FullReport:
        """Everything that ``inspector report`` shows."""
        from inspector.queries.report import full_report

        return full_report(self._source.again())


def _selector(selected: Selected) -> Selector | None:
    if isinstance(selected, (Task, Frame)):
        return Address(selected.address)
    if selected is None:
        return None
    return Pid(selected) if selected < 1 << 32 else Address(selected)
