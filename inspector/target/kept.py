# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was made of a kernel's tables, kept on disk: a kernel that was opened before opens faster.

A file is kept by the kernel's build ID and a digest of the very bytes that it was made from: those
are always read from the target, so that no target can vouch for another's, and a small dump has
its own beside the whole one's. Nothing of a target but its build ID and what was made of those
tables is kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inspector.processes.signals import undisturbed

_DIGEST = hashlib.sha256
_DIGEST_SIZE = _DIGEST().digest_size

_BUILD_ID = re.compile(r"[0-9a-f]{8,128}")
_MAX_FILES = 16  # of a kind, each of less than ten megabytes
_MAX_SIZE = 16 << 20

_OFF = "FRAME_INSPECTOR_NO_CACHE"


@dataclass(frozen=True, slots=True)
class Kept:
    """The files of one kind for a kernel.

    :ivar magic: what it is, and the version of its form
    """

    directory: Path
    build_id: str
    kind: str
    magic: bytes

    def load(self, *source: bytes) -> bytes | None:
        """What :meth:`save` kept of ``source``; None if it has nothing of that, or is damaged."""
        digest = _digest_of(source)
        try:
            with self._path(digest).open("rb") as file:
                if not _is_private(os.fstat(file.fileno())):
                    return None
                data = file.read(_MAX_SIZE)
        except OSError:
            return None
        size = len(self.magic) + 2 * _DIGEST_SIZE
        head, payload = data[:size], data[size:]
        return payload if head == self._head(digest, payload) else None

    def save(self, payload: bytes, *source: bytes) -> None:
        """Keep ``payload``, which was made of ``source``, if that is possible."""
        digest = _digest_of(source)
        with suppress(OSError):  # a full or read-only disk costs speed, and nothing else
            self._write(self._path(digest), self._head(digest, payload) + payload)
            self._keep_few()

    def _path(self, digest: bytes) -> Path:
        return self.directory / f"{self.build_id}-{digest[:4].hex()}.{self.kind}"

    def _head(self, digest: bytes, payload: bytes) -> bytes:
        return self.magic + digest + _DIGEST(payload).digest()

    def _write(self, path: Path, data: bytes) -> None:
        import tempfile  # slow to import, and needed once a kernel

        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with undisturbed():  # a signal can wait for this long
            descriptor, name = tempfile.mkstemp(dir=self.directory)  # with mode 0600
            try:
                with open(descriptor, "wb") as file:
                    file.write(data)
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise

    def _keep_few(self) -> None:
        files = self.directory.glob(f"*.{self.kind}")
        for path in sorted(files, key=lambda p: p.stat().st_mtime, reverse=True)[_MAX_FILES:]:
            path.unlink()


def kept(build_id: str | None, kind: str, magic: bytes) -> Kept | None:
    """The files of one kind for a kernel, in ``$XDG_CACHE_HOME/frame-inspector/kernels``.

    None if no cache is wanted or can be named, or the build ID is not known.
    """
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.environ.get(_OFF) or not os.path.isabs(caches):
        return None
    if build_id is None or not _BUILD_ID.fullmatch(build_id):
        return None
    return Kept(Path(caches) / "frame-inspector" / "kernels", build_id, kind, magic)


def _digest_of(source: tuple[bytes, ...]) -> bytes:
    digest = _DIGEST()
    for part in source:
        digest.update(part)
    return digest.digest()


def _is_private(status: os.stat_result) -> bool:
    """Whether nobody else can have written it."""
    own = status.st_uid == os.geteuid()
    return own and stat.S_ISREG(status.st_mode) and not status.st_mode & 0o077
