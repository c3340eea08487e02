# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who takes part: the inspector, crash, drgn-crash, and a program that only reads."""

import shlex
import shutil
import sys
from pathlib import Path

from labkit.cache import Cache
from labkit.command import isolated, run
from labkit.crash_tool import ensure_crash_root

from benchkit.measure import Contender

_BIN = Path(sys.executable).parent
_FLOOR = Path(__file__).with_name("floor.py")


def inspector(vmcore: Path, *arguments: str, name: str = "inspector") -> Contender:
    """The command of this checkout's environment on a dump."""
    argv = [str(_BIN / "inspector"), *arguments, "-c", str(vmcore)]
    return Contender(name, argv, [vmcore])


def floor(vmcore: Path) -> Contender:
    """Reads what every answer needs, through the same library, and throws it away."""
    return Contender("floor", [sys.executable, str(_FLOOR), str(vmcore)], [vmcore])


def drgn_crash(vmcore: Path, vmlinux: Path) -> Contender:
    """drgn's own crash mode, of the drgn that the inspector uses."""
    argv = [str(_BIN / "drgn-crash"), str(vmlinux), str(vmcore)]
    return Contender("drgn-crash foreach bt", argv, [vmcore, vmlinux], "foreach bt\nexit\n")


def crash(vmcore: Path, vmlinux: Path) -> Contender:
    """crash in its own root, which is unpacked once."""
    inside = {path: f"/lab/{path.name}" for path in (vmlinux, vmcore)}
    root = _crash_root()
    binds = " && ".join(
        f"mount --bind {shlex.quote(str(path))} {root}{name}" for path, name in inside.items()
    )
    for name in inside.values():
        (root / name[1:]).parent.mkdir(exist_ok=True)
        (root / name[1:]).touch()
    command = f"{binds} && exec chroot {root} crash -s {' '.join(inside.values())}"
    argv = isolated(["sh", "-euc", command])
    return Contender("crash foreach bt -e", argv, [vmcore, vmlinux], "foreach bt -e\nquit\n")


def _crash_root() -> Path:
    cache = Cache()
    tar = ensure_crash_root(cache)
    root = cache.directory / "crash-root-unpacked"
    if not root.exists():
        half = root.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        argv = ["tar", "-x", "-f", str(tar), "-C", str(half), "--exclude=./dev/*"]
        run([*argv, "--no-same-owner"], cache.logs / "crash-unpack.log", limit=300)
        half.rename(root)
    return root
