# SPDX-License-Identifier: LGPL-2.1-or-later
"""Type indexes kept on disk: a kernel that was opened before opens faster.

An index is kept by the kernel's build ID, and holds for the very bytes of BTF that it was made
from: those are always read from the target, so that no target can vouch for another's types.
Nothing of a target but its build ID and where its types begin is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from array import array
from contextlib import suppress
from pathlib import Path

from inspector.signals import undisturbed
from inspector.target.btf.records import Btf, TypeIndex

_MAGIC = b"inspector-btf-1\n"
_DIGEST = hashlib.sha256
_DIGEST_SIZE = _DIGEST().digest_size
_HEAD = len(_MAGIC) + 2 * _DIGEST_SIZE

_BUILD_ID = re.compile(r"[0-9a-f]{8,128}")
_MAX_FILES = 16  # of less than a megabyte each
_MAX_SIZE = 16 << 20

_OFF = "FRAME_INSPECTOR_NO_CACHE"


def indexed(blob: bytes, build_id: str | None) -> Btf:
    """BTF with its index, from the cache if that has the right one; else it has it then.

    :param build_id: of the kernel that ``blob`` is from, None where it is not known
    :raises TargetError: if the blob lies about itself
    """
    directory = _directory()
    if directory is None or build_id is None or not _BUILD_ID.fullmatch(build_id):
        return Btf(blob)
    path, digest = directory / f"{build_id}.btf", _DIGEST(blob).digest()
    index = _load(path, digest)
    btf = Btf(blob, index)
    if index is None:
        with suppress(OSError):  # a full or read-only disk costs speed, and nothing else
            _save(path, digest, btf.index)
            _keep_few(directory)
    return btf


def _directory() -> Path | None:
    """``$XDG_CACHE_HOME/frame-inspector/types``; None if no cache is wanted or can be named."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.environ.get(_OFF) or not os.path.isabs(caches):
        return None
    return Path(caches) / "frame-inspector" / "types"


def _load(path: Path, digest: bytes) -> TypeIndex | None:
    try:
        with path.open("rb") as file:
            if not _is_private(os.fstat(file.fileno())):
                return None
            data = file.read(_MAX_SIZE)
    except OSError:
        return None
    head, payload = data[:_HEAD], data[_HEAD:]
    if head != _head(digest, payload) or len(payload) % 8:
        return None
    half = len(payload) // 2
    offsets = array("I")
    offsets.frombytes(payload[:half])
    return TypeIndex(offsets, payload[half:])


def _save(path: Path, digest: bytes, index: TypeIndex) -> None:
    import tempfile  # slow to import, and needed once a kernel

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    payload = index.offsets.tobytes() + index.names
    with undisturbed():  # a signal can wait for this long
        descriptor, name = tempfile.mkstemp(dir=path.parent)  # with mode 0600
        try:
            with open(descriptor, "wb") as file:
                file.write(_head(digest, payload) + payload)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise


def _head(digest: bytes, payload: bytes) -> bytes:
    return _MAGIC + digest + _DIGEST(payload).digest()


def _is_private(status: os.stat_result) -> bool:
    """Whether nobody else can have written it."""
    own = status.st_uid == os.geteuid()
    return own and stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077


def _keep_few(directory: Path) -> None:
    files = sorted(directory.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[_MAX_FILES:]:
        path.unlink()
