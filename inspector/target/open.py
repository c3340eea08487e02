# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a :class:`TargetSpec` or an open drgn program to an open :class:`Target`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from drgn import Architecture, MainModule, ModuleFileStatus, Program, ProgramFlags

from inspector.errors import InspectorError, TargetError
from inspector.formats.btf import Btf
from inspector.formats.kdump import check_whole, kept_map, lacks_map
from inspector.formats.sniff import look_at_elf, sniff
from inspector.model.evidence import Missing
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.processes.signals import interrupts_kept
from inspector.target.dump_memory import DumpMemory, KeptMemory, dump_memory
from inspector.target.faults import complaints, opening, reading
from inspector.target.kallsyms import vmlinux_kallsyms
from inspector.target.modules import add_module_symbols, cover_init_text
from inspector.target.spec import TargetKind, TargetSpec, TypeSource, shipped_dump
from inspector.target.symbols import Symbols, system_map_symbols
from inspector.target.target import Target, vmcoreinfo
from inspector.target.types import indexed, register_btf

if TYPE_CHECKING:
    from inspector.formats.kallsyms import KallsymsTables

# From a :class:`TargetSpec` to an open :class:`Target`.

# What few targets need is imported for those: a dump opens faster.

# 7.2's is 6 MB. What says that it is larger than this is damaged.
_MAX_BTF = 64 << 20


@contextmanager
def open_target(spec: TargetSpec) -> Iterator[Target]:
    """Open ``spec``, reading nothing yet but what names the kernel.

    :raises TargetError: in one line, if it cannot be opened
    """
    if spec.kind is TargetKind.QEMU:
        with _open_qemu(spec) as target:
            yield target
    elif spec.kind is TargetKind.LIVE:
        yield target_of(*_open_live(), spec)
    elif spec.kind in (TargetKind.CORE, TargetKind.DEMO):
        prog, identity = open_core(spec)
        dump = core_path(spec) if identity.format == "kdump" else None
        yield target_of(prog, identity, spec, dump=dump)
    else:
        raise TargetError(f"a target of kind {spec.kind.value} has no kernel to open")


def target_of(
    prog: Program,
    identity: TargetIdentity,
    spec: TargetSpec,
    kallsyms: KallsymsTables | None = None,
    cpu_registers: Mapping[int, Mapping[str, int]] | None = None,
    dump: Path | None = None,
) -> Target:
    """A target from a drgn program whose memory is set up, whoever opened it.

    :param kallsyms: where it is, for a caller that has searched for it
    :param cpu_registers: CPU number → registers, for a caller that knows them
    :param dump: the kdump that the memory of ``prog`` is from, which is then read directly
    :raises TargetError: if it is not an x86-64 kernel, or lacks symbols or types
    """
    name = identity.path or identity.kind
    missing = _cut_short(identity)
    with _blaming(missing, name):
        check_kernel(prog, name)
        with opening(name):
            info = vmcoreinfo(prog)
        memory = dump_memory(dump, info) if dump is not None else None
        if isinstance(memory, KeptMemory):
            memory.take_over(prog)
        if spec.system_map is not None:
            index = system_map_symbols(spec.system_map, info)
        else:
            index = vmlinux_kallsyms(prog, info, name, kallsyms, memory)
        symbols = Symbols(prog, index)
        # Ahead of any ELF symbol table, so that names are the same with BTF and DWARF.
        prog.register_symbol_finder("inspector-kallsyms", symbols.find, enable_index=0)
        btf = _load_types(prog, spec, symbols, name, info.get("BUILD-ID"), memory)
    types = "btf" if btf is not None else "dwarf"
    identity_of_kernel = KernelIdentity(
        info.get("OSRELEASE", "unknown"), "x86_64", info.get("BUILD-ID"), types
    )
    missing = (*missing, *_load_modules(prog, symbols))
    return Target(
        prog,
        identity,
        identity_of_kernel,
        symbols,
        missing,
        cpu_registers or {},
        btf,
        memory,
        zeros_unsure=dump is not None and lacks_map(dump),
    )


def open_core(spec: TargetSpec) -> tuple[Program, TargetIdentity]:
    """The memory of a dump, with neither symbols nor types.

    :raises TargetError: if it is not a dump that drgn can open
    """
    path = core_path(spec)
    dump_format = sniff(path)
    if dump_format == "flattened":
        raise TargetError(
            f"{path}: a flattened dump; reassemble it first: makedumpfile -R OUT < {path}"
        )
    if dump_format == "kdump":
        check_whole(path)
    else:
        look_at_elf(path)
    prog = Program()
    with opening(str(path)):
        prog.set_core_dump(path)
    shown = path.name if spec.kind is TargetKind.DEMO else str(path)
    return prog, TargetIdentity(spec.kind.value, shown, dump_format)


def core_path(spec: TargetSpec) -> Path:
    """Where the dump is that ``spec`` names.

    :raises TargetError: if no shipped dump is called so
    """
    return shipped_dump(spec.path) if spec.kind is TargetKind.DEMO else Path(spec.path or "")


def _open_live() -> tuple[Program, TargetIdentity]:
    if not os.path.exists("/proc/kcore"):
        raise TargetError("/proc/kcore: this kernel has none (CONFIG_PROC_KCORE)")
    prog = Program()
    with opening("/proc/kcore"):
        prog.set_kernel()
    return prog, TargetIdentity(TargetKind.LIVE.value, None, None)


@contextmanager
def _open_qemu(spec: TargetSpec) -> Iterator[Target]:
    """Stopped for as long as it is open, if that is wanted; it goes on whatever happens."""
    from inspector.target.qemu import Monitor

    prog, address = Program(), spec.path or ""
    with closing(Monitor(address)) as monitor:
        monitor.hand_over(prog)
        if not prog.flags & ProgramFlags.IS_LINUX_KERNEL:
            raise TargetError(
                f"{address}: the guest has not told where its kernel is: QEMU needs"
                " -device vmcoreinfo, and the guest its module qemu_fw_cfg"
            )
        if spec.pause:
            monitor.pause()
        registers = monitor.vcpu_registers() if monitor.paused else None
        identity = TargetIdentity(TargetKind.QEMU.value, spec.path, None)
        yield target_of(prog, identity, spec, cpu_registers=registers)


def check_kernel(prog: Program, name: str) -> None:
    """Do nothing for the memory of an x86-64 Linux kernel.

    :raises TargetError: for any other, saying what it is
    """
    if not prog.flags & ProgramFlags.IS_LINUX_KERNEL:
        raise TargetError(f"{name}: a core of a user-space program, not of a kernel")
    platform = prog.platform
    if platform is None or platform.arch is not Architecture.X86_64:
        arch = platform.arch.name.lower() if platform else "an unknown architecture"
        raise TargetError(f"{name}: for {arch}; only x86-64 can be read")


def _load_types(
    prog: Program,
    spec: TargetSpec,
    symbols: Symbols,
    name: str,
    build_id: str | None,
    memory: DumpMemory | None,
) -> Btf | None:
    """:returns: where types come from, None for DWARF"""
    with opening(name):
        main = _main_module(prog)
    if spec.by_dwarf:
        if spec.types is TypeSource.BTF:
            raise TargetError("--vmlinux: gives DWARF and does not go with --types btf")
        _load_dwarf(prog, main, spec.vmlinux)
        symbols.use_debug_file()
        return None
    btf = _read_btf(prog, symbols, name, build_id, memory)
    register_btf(prog, btf, symbols.address_of)
    low, high = symbols.address_of("_text"), symbols.address_of("_end")
    if low is not None and high is not None:
        main.address_range = (low, high)  # the unwinder reads the kernel's ORC from here on
    return btf


def _main_module(prog: Program) -> MainModule:
    for module, _new in prog.loaded_modules():
        if isinstance(module, MainModule):
            return module
    raise TargetError("it does not tell where its kernel is")


def _load_dwarf(prog: Program, main: MainModule, vmlinux: Path | None) -> None:
    if vmlinux is None:
        with opening("the kernel's debug information"):
            prog.load_module_debug_info(main)
        return
    if not vmlinux.is_file():
        raise TargetError(f"{vmlinux}: no such file")
    with opening(str(vmlinux)):
        main.try_file(vmlinux)
    if main.debug_file_status is not ModuleFileStatus.HAVE:
        wanted = main.build_id.hex() if main.build_id else "unknown"
        raise TargetError(
            f"{vmlinux}: is not the vmlinux of this kernel with debug information"
            f" (the build ID wanted is {wanted})"
        )


def _read_btf(
    prog: Program, symbols: Symbols, name: str, build_id: str | None, memory: DumpMemory | None
) -> Btf:
    start, stop = symbols.address_of("__start_BTF"), symbols.address_of("__stop_BTF")
    if start is None or stop is None:
        raise TargetError(f"{name}: this kernel has no BTF; give its debug package with --vmlinux")
    if not 0 < stop - start <= _MAX_BTF:
        raise TargetError(f"{name}: its BTF claims {stop - start} bytes")
    blob = memory.read(start, stop - start) if memory is not None else None
    if blob is None:
        with opening(f"{name}: the kernel's BTF"):
            blob = bytes(prog.read(start, stop - start))
    return indexed(blob, build_id)


def reload_modules(target: Target) -> None:
    """Let ``target`` know of modules that were loaded since it was opened.

    :raises TargetError: if the list of modules cannot be read
    """
    missing = _load_modules(target.prog, target.symbols)
    if missing:
        raise TargetError(missing[0].text)


def _cut_short(identity: TargetIdentity) -> tuple[Missing, ...]:
    """Note that the end of an ELF dump is missing (a kdump that is cut short is not opened)."""
    if identity.format != "elf" or identity.path is None:
        return ()
    missing = look_at_elf(Path(identity.path))
    return (Missing("dump-cut-short", missing),) if missing else ()


@contextmanager
def _blaming(missing: tuple[Missing, ...], name: str) -> Iterator[None]:
    """Add to an error that a part is missing, if that may be the cause."""
    try:
        yield
    except TargetError as error:
        if not missing:
            raise
        what = str(error).removeprefix(f"{name}: ")
        raise TargetError(f"{name}: {what}; {missing[0].text}") from None


def _load_modules(prog: Program, symbols: Symbols) -> tuple[Missing, ...]:
    failed: tuple[Missing, ...] = ()
    with complaints() as said, interrupts_kept():
        try:
            with reading("symbols of loaded modules"):
                add_module_symbols(prog, symbols)
                prog.create_loaded_modules()  # lets the unwinder read each module's own ORC
                cover_init_text(prog)
        except InspectorError as error:
            failed = (Missing.of(error),)
    return (*(Missing("modules-unread", text) for text in said), *failed)


# A target in a drgn program that somebody else opened.

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
    types = TypeSource.DWARF if has_dwarf(prog) else TypeSource.AUTO
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
    """Make ``prog`` fault outside the map if it has a distilled dump open.

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


# drgn's plugins, which it imports when a program is first given its memory.
