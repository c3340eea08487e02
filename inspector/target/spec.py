# SPDX-License-Identifier: LGPL-2.1-or-later
"""What to open, and the shipped dumps."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from inspector.errors import TargetError

# What to open, as a user says it.


class TargetKind(Enum):
    """The kinds of target; the values are the contract of the JSON output."""

    LIVE = "live"
    CORE = "core"
    QEMU = "qemu"
    RECORDS = "records"
    DEMO = "demo"
    PROGRAM = "program"  # a drgn.Program that somebody else opened


class TypeSource(Enum):
    """Source of the types."""

    AUTO = "auto"
    BTF = "btf"
    DWARF = "dwarf"


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A target to open.

    :ivar path: the file (core, records), the QMP address (qemu), the name of a shipped dump (demo)
    :ivar vmlinux: a kernel image with DWARF, of the very build that the target runs
    :ivar system_map: symbols of that build, in place of the kernel's own table
    :ivar pause: stop the guest (qemu) while it is open
    """

    kind: TargetKind
    path: str | None = None
    types: TypeSource = TypeSource.AUTO
    vmlinux: Path | None = None
    system_map: Path | None = None
    pause: bool = False

    @property
    def by_dwarf(self) -> bool:
        """Whether types come from debug information."""
        return self.types is TypeSource.DWARF or self.vmlinux is not None


# The small real dumps that come with the project.

_PACKAGE = Path(__file__).resolve().parent.parent


def dumps_directory() -> Path:
    """Where the shipped dumps are: inside an installed package, or beside it in a checkout.

    :raises TargetError: if there are none
    """
    for directory in (_PACKAGE / "dumps", _PACKAGE.parent / "dumps"):
        if (directory / "manifest.json").is_file():
            return directory
    raise TargetError("--demo: no dumps in this installation; use --core PATH")


def shipped_names() -> list[str]:
    """The names of the shipped dumps, the default first.

    :raises TargetError: if there are none
    """
    manifest = json.loads((dumps_directory() / "manifest.json").read_text())
    return [str(dump["name"]) for dump in manifest["dumps"]]


def shipped_dump(name: str | None) -> Path:
    """The shipped dump called ``name``; None picks the first of the manifest.

    :raises TargetError: naming those there are
    """
    directory = dumps_directory()
    manifest = json.loads((directory / "manifest.json").read_text())
    names = [dump["name"] for dump in manifest["dumps"]]
    if name is None:
        name = names[0]
    for dump in manifest["dumps"]:
        if dump["name"] == name:
            return directory / str(dump["file"])
    raise TargetError(f"{name}: no shipped dump of that name; there are: {', '.join(names)}")


@contextmanager
def without_plugins() -> Iterator[None]:
    """Open a program without them, unless the environment says otherwise.

    What drgn itself has there, and this package too, is commands for a prompt: they take longer
    to import than the first frame takes to find.
    """
    if _WANTED in os.environ or _NOT_WANTED in os.environ:
        yield
        return
    os.environ[_NOT_WANTED] = "*"
    try:
        yield
    finally:
        del os.environ[_NOT_WANTED]


_WANTED, _NOT_WANTED = "DRGN_PLUGINS", "DRGN_DISABLE_PLUGINS"  # drgn's documented variables
