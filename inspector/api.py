# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python interface: ``import inspector``, then :func:`inspector.open`.

An open target is a :class:`~inspector.survey.Survey`; what it answers with are frozen values of
:mod:`inspector.model`. One thread at a time may use it: drgn allows no more.

>>> import inspector
>>> with inspector.open(demo=True) as kernel:
...     task = kernel.panicking_task()
...     int3, syscall = kernel.frames_of(task)[-2:]
>>> kernel.kernel_identity.release
'6.1.0-56-cloud-amd64'
>>> task.pid, task.comm
(1000, 'forker')

Frames come innermost first. A register is an unsigned 64-bit word; one that was never written or
cannot be read is a key of ``absent``, and must not be believed:

>>> int3.origin, hex(int3.registers.orig_ax), sorted(int3.absent)
(<Origin.INT3: 'int3'>, '0xffffffffffffffff', [])
>>> print(syscall.origin.value, syscall.syscall)
syscall 57 (fork)
>>> [item.rule for item in int3.evidence][0]
'return-address'

Two frames side by side, and one explained:

>>> with inspector.open(demo=True) as kernel:
...     fields = kernel.diff(syscall, int3, ()).fields
...     told = kernel.explain(int3, syscall)
>>> [field.right[0].rule for field in fields if field.register == "orig_ax"]
['orig-ax-int3']
>>> told.registers[0].register, told.registers[0].decoded
('orig_ax', '-1')

The stack that they lie on is a range, half-open, in bytes; call frames come from drgn's unwinder:

>>> with inspector.open(demo=True) as kernel:
...     calls = kernel.calls_of(task)
...     every = [frame.task.comm for frame in kernel.frames(kernel.tasks())]
>>> int3.address in task.stack, task.stack.size
(True, 16384)
>>> [call.location.symbol for call in calls if call.location][-3:-1]
['__x64_sys_fork', 'do_syscall_64']
>>> "init" in every
True

What a kprobe would do; on a function's first instruction ftrace calls it, and orig_ax is 0:

>>> with inspector.open(demo=True) as kernel:
...     print(kernel.probe("kernel_clone", 0, None, "kernel_clone").mechanism.value)
ftrace

Errors are of :mod:`inspector.errors`, each one line:

>>> with inspector.open("/no/such/vmcore") as kernel:
...     pass
Traceback (most recent call last):
    ...
inspector.errors.TargetError: /no/such/vmcore: no such file
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from os import PathLike, fspath
from pathlib import Path

from drgn import Program

from inspector.errors import UsageError
from inspector.opening import open_survey
from inspector.survey import Survey
from inspector.target.open import target_of_program
from inspector.target.spec import SymbolSource, TargetKind, TargetSpec


def open(  # noqa: A001 - read as inspector.open, like gzip.open
    core: str | PathLike[str] | None = None,
    *,
    live: bool = False,
    demo: bool = False,
    qemu: str | None = None,
    vmlinux: str | PathLike[str] | None = None,
) -> AbstractContextManager[Survey]:
    """Open one target: a dump, the running kernel, a QEMU guest, or the dump that is shipped.

    :param core: path of a vmcore (kdump or ELF)
    :param live: the running kernel; needs root
    :param qemu: address of a guest's QMP
    :param vmlinux: DWARF of that very kernel; without it types come from the kernel's own BTF
    :returns: a context manager
    :raises UsageError: if not exactly one target is named
    :raises TargetError: when it is entered, if the target cannot be opened
    """
    named = [
        (kind, path)
        for kind, path, given in (
            (TargetKind.CORE, None if core is None else fspath(core), core is not None),
            (TargetKind.LIVE, None, live),
            (TargetKind.DEMO, None, demo),
            (TargetKind.QEMU, qemu, qemu is not None),
        )
        if given
    ]
    if len(named) != 1:
        raise UsageError(f"one target is to be named, not {len(named)}")
    ((kind, path),) = named
    image = None if vmlinux is None else Path(vmlinux)
    return open_survey(TargetSpec(kind, path, SymbolSource.AUTO, image))


def of_program(prog: Program) -> Survey:
    """The same for a ``drgn.Program`` that is open already, with its DWARF or the kernel's BTF.

    :raises TargetError: if it is not an x86-64 Linux kernel, or lacks symbols or types
    """
    return Survey(target_of_program(prog))
