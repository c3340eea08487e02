# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is expensive to make, kept outside the repository and checked before use."""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_MANIFEST = "manifest.json"
_HALF_MADE = "half-made-"


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _default_directory() -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("FRAME_INSPECTOR_CACHE") or Path(caches) / "frame-inspector")


class Cache:
    """Entries: directories of plain files, each with a manifest that says what they are.

    An entry counts when its manifest was made by the same recipe and the
    SHA-256 of every file is still the one that was written at creation.
    """

    def __init__(self) -> None:
        self.directory = _default_directory().absolute() / "lab"
        self.logs = self.directory / "logs"

    def ensure(self, name: str, recipe: str, make: Callable[[Path], None]) -> Path:
        """The entry ``name``; ``make`` fills an empty directory when it does not count."""
        entry = self.directory / name
        with self._alone(name):
            if not _counts(entry, recipe):
                with self.scratch() as scratch:
                    made = scratch / "made"
                    made.mkdir()
                    make(made)
                    _stamp(made, recipe)
                    if entry.exists():
                        entry.rename(scratch / "replaced")
                    made.rename(entry)
        return entry

    def remove(self, name: str) -> None:
        shutil.rmtree(self.directory / name, ignore_errors=True)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A directory on the cache's own file system, so that renames work."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            self._sweep(lock.fileno())
            fcntl.flock(lock, fcntl.LOCK_SH)
            with tempfile.TemporaryDirectory(prefix=_HALF_MADE, dir=self.directory) as path:
                yield Path(path)

    def _sweep(self, lock: int) -> None:
        """While nobody makes anything, whatever is half-made was left by one that was killed."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for left in self.directory.glob(_HALF_MADE + "*"):
            shutil.rmtree(left)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """One maker of an entry at a time."""
        locks = self.directory / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / name).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def stamp(entry: Path) -> str:
    """A word that changes whenever the entry's recipe or content does."""
    return sha256(entry / _MANIFEST)


def _stamp(made: Path, recipe: str) -> None:
    files = {path.name: sha256(path) for path in sorted(made.iterdir())}
    text = json.dumps({"recipe": recipe, "sha256": files}, indent=1)
    (made / _MANIFEST).write_text(text + "\n")


def _counts(entry: Path, recipe: str) -> bool:
    try:
        manifest = json.loads((entry / _MANIFEST).read_text())
        files = manifest["sha256"]
        return manifest["recipe"] == recipe and all(
            sha256(entry / name) == digest for name, digest in files.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
