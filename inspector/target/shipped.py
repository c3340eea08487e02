# SPDX-License-Identifier: LGPL-2.1-or-later
"""The small real dumps that come with the project."""

from __future__ import annotations

import json
from pathlib import Path

from inspector.errors import TargetError

_PACKAGE = Path(__file__).resolve().parent.parent


def dumps_directory() -> Path:
    """Where the shipped dumps are: inside an installed package, or beside it in a checkout.

    :raises TargetError: if there are none
    """
    for directory in (_PACKAGE / "dumps", _PACKAGE.parent / "dumps"):
        if (directory / "manifest.json").is_file():
            return directory
    raise TargetError("this installation carries no dumps; use --core PATH")


def shipped_names() -> list[str]:
    """What the shipped dumps are called, the first one first.

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
    raise TargetError(f"no shipped dump is called {name}; there are: {', '.join(names)}")
