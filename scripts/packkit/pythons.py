# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Python of a given version, wherever this machine has one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def interpreter(version: str) -> Path:
    """One in the PATH or of pyenv, else uv fetches it, into its own directory.

    :param version: as "3.10"
    """
    for found in _candidates(version):
        if _is(found, version):
            return found
    uv = [sys.executable, "-m", "uv", "python"]
    subprocess.run([*uv, "install", "--no-bin", version], check=True)
    argv = [*uv, "find", "--no-project", "--managed-python", version]
    return Path(subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    if in_path := shutil.which(name):
        yield Path(in_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"), reverse=True)


def _is(python: Path, version: str) -> bool:
    """Whether it runs: pyenv's own stand-in for a version that is not selected does not."""
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    argv = [str(python), "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() == version
