# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds framefreeze for the running kernel, loads it and unloads it."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from inspector.errors import FreezeError
from inspector.freezer.host import MODULE
from inspector.model.freeze import HostFacts

SOURCE = Path(__file__).resolve().parent / "kmod"
_SUFFIXES = {".c", ".h"}
_NAMES = {"Kbuild", "Makefile"}
_LIMIT = 900  # seconds; an emulated machine needs 60, a busy one 300


def built_module(host: HostFacts, cache: Path | None = None) -> Path:
    """``framefreeze.ko`` for the running kernel: from the cache, or built now.

    :param cache: where built ones are kept; by default root's, or the user's own
    :raises FreezeError: if it cannot be built, in one line and with the log's path
    """
    kept = _private(cache or _cache()) / _key(host) / f"{MODULE}.ko"
    if kept.is_file():
        return kept
    with tempfile.TemporaryDirectory(prefix="frame-inspector-") as directory:  # mode 0700
        made = _make(host, Path(directory))
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(made, part)
        part.rename(kept)
    return kept


def sources() -> list[Path]:
    """The files that the module is built from, without objects of a build in place."""
    found = (p for p in SOURCE.iterdir() if p.suffix in _SUFFIXES or p.name in _NAMES)
    return sorted(found)


def _make(host: HostFacts, directory: Path) -> Path:
    for source in sources():
        shutil.copy(source, directory)
    jobs = f"-j{host.cpus_online}"
    argv = ["make", jobs, "-C", str(host.headers), f"M={directory}", "modules"]
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError as error:
        raise FreezeError(f"module: cannot be built: make: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise FreezeError(
            f"module: cannot be built: make was not done in {_LIMIT} seconds; try again when"
            " this machine is idle, or use --via tracefs"
        ) from None
    if done.returncode:
        raise FreezeError(f"module: cannot be built: {_reason(done.stdout)}")
    return directory / f"{MODULE}.ko"


def _reason(output: bytes) -> str:
    """The compiler's first complaint, and where the rest is."""
    lines = output.decode("utf-8", "replace").splitlines()
    first = next((line for line in lines if "rror" in line), lines[-1] if lines else "no output")
    with tempfile.NamedTemporaryFile(
        "wb", prefix="inspector-build-", suffix=".log", delete=False
    ) as log:
        log.write(output)
    return f"{first.strip()} (all of it: {log.name})"


def _key(host: HostFacts) -> str:
    """The name of a built module: by the kernel's build, the headers, and the source."""
    digest = hashlib.sha256(f"{host.release}\n{host.headers}\n".encode())
    for source in sources():
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return f"{host.build_id or host.release}-{digest.hexdigest()[:16]}"


def _cache() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache/frame-inspector")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "frame-inspector" / "modules"


def _private(directory: Path) -> Path:
    """Make ``directory``; root loads what lies there, so only its owner may write to it."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.lstat()
    if status.st_uid != os.geteuid() or status.st_mode & 0o022 or directory.is_symlink():
        raise FreezeError(f"{directory}: others can write to it; no module is loaded from there")
    return directory


# Loads framefreeze and unloads it, with what the kernel's refusal means.

# arch/x86/entry/syscalls/syscall_64.tbl
_DELETE_MODULE, _FINIT_MODULE = 176, 313
_PATIENCE = 10  # seconds for others who have its files open to let go

_MEANINGS = {
    errno.EEXIST: "it is loaded already; if no other freeze runs: sudo rmmod framefreeze",
    errno.ENOEXEC: "it was built for another kernel",
    errno.ENOKEY: "this kernel takes signed modules only: sign it, or use --via tracefs",
    errno.EKEYREJECTED: "its signature is not of a key that this kernel trusts",
    errno.EPERM: "the kernel is locked down, or takes no modules: use --via tracefs",
    errno.EINVAL: "a parameter is out of bounds",
    errno.ENOMEM: "not enough memory for a ring of that size",
    errno.ENOENT: "it needs a symbol that this kernel does not export",
}


def load(module: Path, parameters: str) -> None:
    """Load the module at ``module``.

    :param parameters: ``name=value`` words
    :raises FreezeError: with the errno's meaning
    """
    with module.open("rb") as file:
        number = _syscall(_FINIT_MODULE, file.fileno(), parameters.encode(), 0)
    if number:
        raise FreezeError(f"module: cannot be loaded: {_meaning(number)}")


def load_installed(module: Path, parameters: str) -> None:
    """Load the module that DKMS, or somebody, installed for this kernel.

    :raises FreezeError: with the errno's meaning, or with what modprobe said
    """
    if module.suffix == ".ko":
        load(module, parameters)
        return
    try:  # compressed
        argv = ["modprobe", MODULE, *parameters.split()]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        raise FreezeError(f"{module}: modprobe: {error.strerror}") from None
    if done.returncode:
        raise FreezeError(f"{module}: cannot be loaded: {done.stderr.strip()}")


def unload() -> None:
    """Unload framefreeze, if it is loaded; its probes go with it.

    :raises FreezeError: if somebody keeps it
    """
    end = time.monotonic() + _PATIENCE
    while number := _syscall(_DELETE_MODULE, MODULE.encode(), os.O_NONBLOCK):
        if number == errno.ENOENT:  # not loaded
            return
        if time.monotonic() > end:
            raise FreezeError(
                f"framefreeze: stays loaded: {_meaning(number)}; run sudo rmmod framefreeze"
            )
        time.sleep(0.05)


def _syscall(number: int, *arguments: object) -> int:
    """Make a system call; its errno, 0 for none."""
    libc = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(0)
    return ctypes.get_errno() if libc.syscall(number, *arguments) else 0


def _meaning(number: int) -> str:
    name = errno.errorcode.get(number, str(number))
    return f"-{name}: {_MEANINGS.get(number, os.strerror(number))}"
