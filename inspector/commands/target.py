# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the TARGET options to a target spec."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from inspector.errors import TargetError, UsageError
from inspector.target.spec import TargetKind, TargetSpec, TypeSource

KCORE = "/proc/kcore"
_OTHERS = "--core PATH, --qemu ADDRESS, --records FILE or --demo"


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """The TARGET options as they were given."""

    live: bool = False
    core: str | None = None
    qemu: str | None = None
    pause: bool = False
    records: str | None = None
    demo: bool = False
    dump: str | None = None
    types: TypeSource = TypeSource.AUTO
    vmlinux: Path | None = None
    system_map: Path | None = None


def target_spec(options: TargetOptions, sudo_line: str) -> TargetSpec:
    """The target that the options name; by default the running kernel.

    :param sudo_line: the command that would do the same as root
    :raises UsageError: if they name more than one, or none and there is no ``/proc/kcore``
    :raises TargetError: if the running kernel is meant and only root may read it
    """
    named = _named(options)
    if len(named) > 1:
        raise UsageError(f"more than one target: {' and '.join(flag for flag, _, _ in named)}")
    if options.pause and options.qemu is None:
        raise UsageError("--pause: needs --qemu ADDRESS")
    if named:
        _flag, kind, path = named[0]
    else:
        kind, path = TargetKind.LIVE, None
    if kind is TargetKind.LIVE:
        _check_live(sudo_line, asked=bool(named))
    return TargetSpec(kind, path, options.types, options.vmlinux, options.system_map, options.pause)


def _named(options: TargetOptions) -> list[tuple[str, TargetKind, str | None]]:
    named: list[tuple[str, TargetKind, str | None]] = []
    if options.live:
        named.append(("--live", TargetKind.LIVE, None))
    if options.core is not None:
        named.append(("--core", TargetKind.CORE, options.core))
    if options.qemu is not None:
        named.append(("--qemu", TargetKind.QEMU, options.qemu))
    if options.records is not None:
        named.append(("--records", TargetKind.RECORDS, options.records))
    if options.demo or options.dump is not None:
        flag = "--demo" if options.demo else "--dump"
        named.append((flag, TargetKind.DEMO, options.dump))
    return named


def _check_live(sudo_line: str, asked: bool) -> None:
    try:
        os.close(os.open(KCORE, os.O_RDONLY | os.O_CLOEXEC))
    except PermissionError:
        raise TargetError(_not_permitted(sudo_line, asked)) from None
    except OSError as error:
        if not asked:
            raise UsageError(
                f"no target: {KCORE} cannot be read here ({error.strerror}); name one: {_OTHERS}"
            ) from None
        raise TargetError(f"{KCORE}: {error.strerror}") from None


def _not_permitted(sudo_line: str, asked: bool) -> str:
    if os.geteuid() == 0:
        reason = f"{KCORE}: not permitted even to root here (a container, or kernel lockdown)"
        return reason if asked else f"{reason}; name another target: {_OTHERS}"
    reason = f"{KCORE}: only root may read the running kernel: {sudo_line}"
    return reason if asked else f"{reason} (or name another target: {_OTHERS})"
