# SPDX-License-Identifier: LGPL-2.1-or-later
"""A target in a drgn program that somebody else opened."""

from __future__ import annotations

from pathlib import Path

from drgn import MainModule, ModuleFileStatus, Program

from inspector.model.kernel import TargetIdentity
from inspector.target.dump_memory import KeptMemory, dump_memory
from inspector.target.kept_map import kept_map, lacks_map
from inspector.target.open import target_of
from inspector.target.spec import SymbolSource, TargetKind, TargetSpec
from inspector.target.target import Target
from inspector.target.vmcoreinfo import vmcoreinfo

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
    path = getattr(prog, "core_dump_path", None)
    identity = TargetIdentity(kind.value, path, None)
    # Whatever else the program has for memory stays, unless the dump is distilled.
    dump = None if path is None else Path(path)
    if dump is not None and kept_map(dump) is None and not lacks_map(dump):
        dump = None
    target = target_of(prog, identity, TargetSpec(kind, types=types), dump=dump)
    prog.cache[_CACHE] = target
    return target


def keep_to_the_map(prog: Program) -> None:
    """Let ``prog``, if it has a distilled dump open, fault where that kept nothing.

    :raises TargetError: if the map of the dump cannot be read
    """
    path = getattr(prog, "core_dump_path", None)
    if path is None or kept_map(Path(path)) is None:
        return
    memory = dump_memory(Path(path), vmcoreinfo(prog))
    if isinstance(memory, KeptMemory):
        memory.take_over(prog)


def has_dwarf(prog: Program) -> bool:
    """Whether ``prog`` has loaded debug information of the kernel image."""
    return any(
        isinstance(module, MainModule) and module.debug_file_status is ModuleFileStatus.HAVE
        for module in prog.modules()
    )
