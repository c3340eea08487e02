# SPDX-License-Identifier: LGPL-2.1-or-later
"""A suite's kit: its kernel, an initramfs with our modules, and on demand its DWARF."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labkit.cache import Cache, sha256, stamp
from labkit.in_root import run_in_root
from labkit.progress import step
from labkit.suite_root import CHROOT_SCRIPTS, ensure_root, root_name
from labkit.suites import Suite

_SCRIPTS = Path(__file__).resolve().parent.parent
_GUEST = _SCRIPTS / "labkit" / "guest"
FRAMEFREEZE = _SCRIPTS.parent / "inspector" / "freezer" / "kmod"
_TREES = {
    "framefreeze": FRAMEFREEZE,
    "somebody": _GUEST / "somebody",
    "framelab": _GUEST / "framelab",
    "emptyprobe": _GUEST / "emptyprobe",
    "mishap": _GUEST / "mishap",
    "guest": _GUEST,
}
_SOURCE_SUFFIXES = {".c", ".h", ".S"}
_SOURCE_NAMES = {"Kbuild", "Makefile", "init"}


@dataclass(frozen=True, slots=True)
class Kit:
    vmlinuz: Path
    initramfs: Path
    release: str  # of the kernel: uname -r
    version: str  # of the package


def ensure_kit(cache: Cache, suite: Suite) -> Kit:
    root, sources = ensure_root(cache, suite), _sources()

    def make(made: Path) -> None:
        log = cache.logs / f"{suite.name}-kit.log"
        with step(f"{suite.name}: modules, programs, initramfs"):
            run_in_root(cache, root / "root.tar", "kit.sh", sources, out=made, log=log)

    entry = cache.ensure(_name(suite, "kit"), _recipe(root, "kit.sh", sources), make)
    kernel = json.loads((entry / "kernel.json").read_text())
    return Kit(entry / "vmlinuz", entry / "initramfs", kernel["release"], kernel["version"])


def ensure_dwarf(cache: Cache, suite: Suite) -> Path:
    """``vmlinux`` with DWARF, of the kernel that the kit boots."""
    root = ensure_root(cache, suite)

    def make(made: Path) -> None:
        log = cache.logs / f"{suite.name}-dwarf.log"
        with step(f"{suite.name}: vmlinux with DWARF (a download of about 300 MB)"):
            run_in_root(cache, root / "root.tar", "dwarf.sh", {}, out=made, log=log)

    return cache.ensure(_name(suite, "dwarf"), _recipe(root, "dwarf.sh", {}), make) / "vmlinux"


def forget(cache: Cache, suite: Suite) -> None:
    """Drop everything kept for ``suite``: the next use takes what the mirror has now."""
    for name in (
        root_name(suite),
        *(_name(suite, what) for what in ("kit", "dwarf", "guest-root")),
    ):
        cache.remove(name)


def _name(suite: Suite, what: str) -> str:
    return f"{suite.name}-{suite.flavour}-{what}"


def _sources() -> dict[str, Path]:
    """What a kit is built from; objects that somebody built in place are not taken along."""
    return {
        f"{name}/{path.name}": path
        for name, tree in _TREES.items()
        for path in sorted(tree.iterdir())
        if path.suffix in _SOURCE_SUFFIXES or path.name in _SOURCE_NAMES
    }


def _recipe(root: Path, script: str, sources: Mapping[str, Path]) -> str:
    """The root it was made in, and every file that went into it."""
    inputs = {name: CHROOT_SCRIPTS / name for name in ("enter.sh", script)}
    digests = {name: sha256(path) for name, path in {**inputs, **sources}.items()}
    return json.dumps({"root": stamp(root), **digests})
