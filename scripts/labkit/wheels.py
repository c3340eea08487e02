# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wheels from the package index, for another Python than the one that runs."""

from collections.abc import Sequence
from pathlib import Path

from labkit.command import run

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")


def pip(log: Path) -> str:
    """The pip of the checkout's own environment, on the terms that this machine has set."""
    run([str(CHECKOUT / "scripts" / "venv")], log, limit=600)
    return str(CHECKOUT / ".venv" / "bin" / "pip")


def download_wheels(requirements: Sequence[str], python: str, to: Path, log: Path) -> None:
    """All that ``requirements`` need, they too, into ``to``.

    :param python: a version of CPython, as "3.11"
    """
    argv = [pip(log), "download", "--dest", str(to)]
    argv += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    argv += [f"--platform={platform}" for platform in PLATFORMS]
    run([*argv, *requirements], log, limit=600)
