# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a dump for everything that answers need, and writes a small one with only those bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from drgn import RelocatableModule
from drgn.helpers.linux.kallsyms import module_kallsyms
from drgn.helpers.linux.pid import for_each_task

from inspector.distill.source import Original
from inspector.errors import InspectorError, TargetError
from inspector.model.distillate import Distillate, SensitiveKind, SensitivePlaces, Trim
from inspector.model.evidence import Missing
from inspector.processes.whole_file import check_writable, whole_file
from inspector.target.faults import reading
from inspector.target.modules import each_module
from inspector.target.target import Target

_ORC_HEADER_SIZE = 20  # a hash of the tables' layout (scripts/orc_hash.sh, since 6.4)
_ORC_ENTRY_SIZES = {"orc_unwind_ip": 4, "orc_unwind": 6}  # asm/orc_types.h
_IF_IT_RAN = ("nvcsw", "nivcsw", "start_time", "on_cpu")  # of struct task_struct
_MOST_SYMBOLS = 1 << 20
_MOST_ORCS = 1 << 20  # a module's; all of vmlinux has half as many


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading a dump.

    :ivar missing: what it could not read
    :ivar places: where users' data lies in what it did read
    :ivar unwound: the text addresses that it unwound through
    """

    missing: tuple[Missing, ...]
    places: SensitivePlaces = field(default_factory=SensitivePlaces)
    unwound: frozenset[int] = frozenset()


Report = Callable[[Target], Reading]
"""Reads everything that an answer about a target can need."""


def distill(
    core: Path,
    out: Path,
    report: Report,
    vmlinux: Path | None,
    redact: Collection[SensitiveKind],
    trim: Trim | None,
    check: Callable[[Path], None],
) -> Distillate:
    """Write to ``out`` a dump with only those bytes of ``core`` that ``report`` reads.

    :param vmlinux: an image with DWARF; the report then runs a second time, with its types
    :param redact: what is taken out of that
    :param trim: what is cut down to what ``report`` needed of it
    :param check: looks at the small dump while it still has another name, and may refuse it
    :raises TargetError: in one line, if ``core`` cannot be opened or ``out`` not be written;
        ``out`` then is as it was
    """
    check_writable(out)
    source = Original(core)
    if out.exists() and out.samefile(core):
        raise TargetError(f"{out}: is the input dump; give the small dump another name")
    reading = _read(source, report, vmlinux)
    with whole_file(out) as file:
        written = source.write(file, reading.places, redact, trim, reading.unwound)
        file.flush()
        written.check(Path(file.name))
        check(Path(file.name))
    pages = sum(kind.pages for kind in written.kinds)
    sizes = core.stat().st_size, out.stat().st_size
    missing = tuple(dict.fromkeys(reading.missing))
    return Distillate(
        pages, *sizes, written.kinds, written.ranges, written.taken_out, written.text, missing
    )


def read_first_steps(target: Target) -> Sequence[Missing]:
    """Read what drgn's own commands need first, so that they work on the small dump.

    It finds every task by its pid, as drgn's ``find_task`` and ``stack_trace(pid)`` do, with what
    tells whether the task has run (for who reads the dump as if it were live), and what modules
    have.

    That way goes through ``init_pid_ns``; this package's own goes along the task list, forwards,
    unless the kernel runs: then it checks the way back too.

    :returns: what could not be read
    """
    return (*_read_tasks(target), *_read_module_symbols(target), *_read_module_orc(target))


def _read_tasks(target: Target) -> Sequence[Missing]:
    try:
        with reading("tasks by pid"):
            for task in (target.prog["init_task"], *for_each_task(target.prog)):
                for node in (task.tasks, task.thread_node, task.signal.thread_head):
                    node.next.read_()
                    node.prev.read_()
                for member in _IF_IT_RAN:
                    task.member_(member).read_()
    except InspectorError as error:
        return (Missing.of(error),)
    return ()


def _read_module_symbols(target: Target) -> Sequence[Missing]:
    """Read the symbols of modules as drgn's ``load_module_kallsyms`` does."""
    try:
        with reading("symbols of modules"):
            for module in each_module(target.prog):
                count = module.kallsyms.num_symtab.value_()
                if count > _MOST_SYMBOLS:
                    raise TargetError(f"symbols of modules: one claims {count} of them")
                module_kallsyms(module)
    except InspectorError as error:
        return (Missing.of(error),)
    return ()


def _read_module_orc(target: Target) -> Sequence[Missing]:
    """Read the ORC tables of modules, which unwinding with DWARF needs and with ORC may not."""
    try:
        with reading("ORC of modules"):
            for module in each_module(target.prog):
                if not module.arch.type_.has_member("num_orcs"):
                    break  # this kernel unwinds otherwise
                count = module.arch.num_orcs.value_()
                if count > _MOST_ORCS:
                    raise TargetError(f"ORC of modules: one claims {count} entries")
                for table, size in _ORC_ENTRY_SIZES.items():
                    target.prog.read(getattr(module.arch, table).value_(), size * count)
            for loaded in target.prog.modules():
                if isinstance(loaded, RelocatableModule):
                    header = loaded.section_addresses.get(".orc_header")
                    if header is not None:
                        target.prog.read(header, _ORC_HEADER_SIZE)
    except InspectorError as error:
        return (Missing.of(error),)
    return ()


def _read(source: Original, report: Report, vmlinux: Path | None) -> Reading:
    try:
        reading = _read_with(source.target(None), report)
    except TargetError as error:
        if vmlinux is None:
            raise
        # A kernel without BTF: the small dump answers only with its vmlinux, as does the dump.
        reading = Reading((Missing(error.rule, f"without a vmlinux: {error}"),))
    if vmlinux is None:
        return reading
    again = _read_with(source.target(vmlinux), report)
    missing = (*reading.missing, *again.missing)
    return replace(again, missing=missing, unwound=reading.unwound | again.unwound)


def _read_with(target: Target, report: Report) -> Reading:
    reading = report(target)
    return replace(reading, missing=(*reading.missing, *read_first_steps(target)))
