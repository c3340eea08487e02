# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at this machine, changing nothing."""

from __future__ import annotations

import os
import platform
import re
import shutil
from pathlib import Path

from inspector.formats.notes import NT_GNU_BUILD_ID, unpack
from inspector.model.freeze import HostFacts, NoTracefs, Unseen

_NOTES = Path("/sys/kernel/notes")


def running_build_id() -> str | None:
    """The running kernel's build ID in hex; None where it was linked without one."""
    try:
        return build_id_of(_NOTES.read_bytes())
    except OSError:
        return None


def build_id_of(notes: bytes) -> str | None:
    """The build ID among ELF ``notes``, or None."""
    for note in unpack(notes, cut=True):
        if note.name == b"GNU" and note.type == NT_GNU_BUILD_ID:
            return note.descriptor.hex() or None
    return None


TRACEFS_PLACES = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")
_SECURITYFS = "/sys/kernel/security"
_INSTALLED = ("updates", "extra")  # where DKMS and depmod's search order have such modules
MODULE = "framefreeze"


def host_facts() -> HostFacts:
    """What this machine has of what a freeze needs."""
    release = platform.release()
    modules = Path("/lib/modules") / release
    return HostFacts(
        release=release,
        build_id=running_build_id(),
        distribution=_distribution(),
        root=os.geteuid() == 0,
        lockdown=_lockdown(),
        signed_only=_flag("/sys/module/module/parameters/sig_enforce", "Y"),
        modules_disabled=_flag("/proc/sys/kernel/modules_disabled", "1"),
        kcore=_kcore(),
        kprobes=_kprobes(),
        kprobes_enabled=_flag("/sys/kernel/debug/kprobes/enabled", "1"),
        tracefs=_tracefs(),
        headers=_headers(modules / "build"),
        tools=tuple(tool for tool in ("make", "gcc") if shutil.which(tool) is None),
        installed_module=_installed(modules),
        loaded=Path("/sys/module", MODULE).exists(),
        cpus_online=len(os.sched_getaffinity(0)),
        preempt_count=_configured(release, modules, "PREEMPT_COUNT"),
        realtime=_configured(release, modules, "PREEMPT_RT"),
    )


def tracefs_directory() -> Path | None:
    """Where tracefs is mounted."""
    for directory in map(Path, TRACEFS_PLACES):
        # Not Path.exists(): that raises where others may not look, as in a directory of root's.
        if os.path.exists(directory / "kprobe_events"):
            return directory
    return None


def _read(path: str) -> str | Unseen:
    try:
        return Path(path).read_text().strip()
    except PermissionError:
        return Unseen.NOT_ROOT
    except OSError:
        hidden = os.geteuid() != 0 and path.startswith("/sys/kernel/debug/")
        return Unseen.NOT_ROOT if hidden else Unseen.NOT_TOLD


def _flag(path: str, yes: str) -> bool | Unseen:
    text = _read(path)
    return text if isinstance(text, Unseen) else text == yes


def _lockdown() -> str | Unseen:
    text = _read(f"{_SECURITYFS}/lockdown")
    if isinstance(text, Unseen):
        built_without = text is Unseen.NOT_TOLD and os.path.ismount(_SECURITYFS)
        return "none" if built_without else text
    chosen = re.search(r"\[(\w+)\]", text)
    return chosen[1] if chosen else Unseen.NOT_TOLD


def _kcore() -> str | None:
    try:
        os.close(os.open("/proc/kcore", os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.strerror or "cannot be opened"
    return None


def _kprobes() -> bool | Unseen:
    if Path("/proc/sys/debug/kprobes-optimization").exists():
        return True
    try:
        with open("/proc/kallsyms") as symbols:
            return any(line.endswith(" register_kprobe\n") for line in symbols)
    except OSError:
        return Unseen.NOT_TOLD


def _tracefs() -> str | Unseen | NoTracefs:
    directory = tracefs_directory()
    if directory is not None:
        return str(directory)
    if os.geteuid() != 0 and os.path.exists(TRACEFS_PLACES[0]):
        return Unseen.NOT_ROOT  # its directory is root's alone
    if any(map(os.path.ismount, TRACEFS_PLACES)):
        return NoTracefs.NO_KPROBE_EVENTS
    known = _read("/proc/filesystems")
    if isinstance(known, Unseen):
        return known
    return NoTracefs.NOT_MOUNTED if "tracefs" in known.split() else NoTracefs.NOT_BUILT


def _headers(build: Path) -> str | None:
    return str(build.resolve()) if os.path.isfile(build / "Makefile") else None


def _installed(modules: Path) -> str | None:
    for directory in _INSTALLED:
        for found in sorted((modules / directory).rglob(f"{MODULE}.ko*")):
            return str(found)
    return None


def _configured(release: str, modules: Path, option: str) -> bool | Unseen:
    for config in (Path(f"/boot/config-{release}"), modules / "config", modules / "build/.config"):
        try:
            return f"CONFIG_{option}=y" in config.read_text().splitlines()
        except OSError:
            continue
    return Unseen.NOT_TOLD


def _distribution() -> frozenset[str]:
    try:
        told = platform.freedesktop_os_release()
    except OSError:
        return frozenset()
    return frozenset([told.get("ID", ""), *told.get("ID_LIKE", "").split()])
