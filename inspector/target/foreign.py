# SPDX-License-Identifier: LGPL-2.1-or-later
"""A target in a drgn program that somebody else opened."""

from __future__ import annotations

from drgn import MainModule, ModuleFileStatus, Program

from inspector.model.kernel import TargetIdentity
from inspector.target.open import target_of
from inspector.target.spec import SymbolSource, TargetKind, TargetSpec
from inspector.target.target import Target

_CACHE = "inspector.target"


def target_of_program(prog: Program) -> Target:
    """The kernel that ``prog`` has open; the same one each time it is asked for.

    Types come from the DWARF that ``prog`` has loaded, else from the kernel's BTF; finders for
    BTF and for kallsyms are then registered with ``prog``.

    :raises TargetError: if it is not an x86-64 Linux kernel, or lacks symbols or types
    """
    found = prog.cache.get(_CACHE)
    if isinstance(found, Target):
        return found
    kind = TargetKind.PROGRAM
    types = SymbolSource.DWARF if has_dwarf(prog) else SymbolSource.AUTO
    identity = TargetIdentity(kind.value, getattr(prog, "core_dump_path", None), None)
    target = target_of(prog, identity, TargetSpec(kind, types=types))
    prog.cache[_CACHE] = target
    return target


def has_dwarf(prog: Program) -> bool:
    """Whether ``prog`` has loaded debug information of the kernel image."""
    return any(
        isinstance(module, MainModule) and module.debug_file_status is ModuleFileStatus.HAVE
        for module in prog.modules()
    )
