# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads framefreeze and unloads it, with what the kernel's refusal means."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import time
from pathlib import Path

from inspector.errors import FreezeError
from inspector.freezer.host import MODULE

# arch/x86/entry/syscalls/syscall_64.tbl
_DELETE_MODULE, _FINIT_MODULE = 176, 313
_PATIENCE = 10  # seconds for others who have its files open to let go

_MEANINGS = {
    errno.EEXIST: "it is loaded already; if no other freeze runs: sudo rmmod framefreeze",
    errno.ENOEXEC: "it was built for another kernel than the one that runs",
    errno.ENOKEY: "this kernel takes signed modules only: sign it, or use --via tracefs",
    errno.EKEYREJECTED: "its signature is not of a key that this kernel trusts",
    errno.EPERM: "the kernel is locked down, or takes no modules: use --via tracefs",
    errno.EINVAL: "a parameter is out of bounds",
    errno.ENOMEM: "there is no memory for a ring of that size",
    errno.ENOENT: "it needs a symbol that this kernel does not export",
}


def load(module: Path, parameters: str) -> None:
    """:param parameters: ``name=value`` words
    :raises FreezeError: with the errno's meaning
    """
    with module.open("rb") as file:
        number = _syscall(_FINIT_MODULE, file.fileno(), parameters.encode(), 0)
    if number:
        raise FreezeError(f"the module cannot be loaded: {_meaning(number)}")


def load_installed(module: Path, parameters: str) -> None:
    """The one that DKMS, or somebody, installed for this kernel.

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
    """Unload it, if it is loaded: its probes go with it.

    :raises FreezeError: if somebody keeps it
    """
    end = time.monotonic() + _PATIENCE
    while number := _syscall(_DELETE_MODULE, MODULE.encode(), os.O_NONBLOCK):
        if number == errno.ENOENT:  # not loaded
            return
        if time.monotonic() > end:
            raise FreezeError(f"framefreeze stays loaded: {_meaning(number)}: sudo rmmod it")
        time.sleep(0.05)


def _syscall(number: int, *arguments: object) -> int:
    """The errno, 0 for none."""
    libc = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(0)
    return ctypes.get_errno() if libc.syscall(number, *arguments) else 0


def _meaning(number: int) -> str:
    name = errno.errorcode.get(number, str(number))
    return f"-{name}: {_MEANINGS.get(number, os.strerror(number))}"
