# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages whose console blocks show what the commands in them print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def with_outputs(page: str, root: Path) -> str:
    """``page`` with the output of every command behind it.

    A block of the language ``console`` holds commands, each on a line that begins with ``$``; the
    other lines are output. The commands run one after another in one directory that holds links
    to what lies in the checkout.

    :param page: Markdown
    :param root: of the checkout
    :raises CalledProcessError: if a command fails
    """
    with tempfile.TemporaryDirectory() as directory:
        for path in root.iterdir():
            if not path.name.startswith("."):
                (Path(directory) / path.name).symlink_to(path)
        return _BLOCK.sub(lambda block: _block(block[1], directory), page)


def _block(text: str, directory: str) -> str:
    return "```console\n" + "".join(_answers(text, directory)) + "```"


def _answers(text: str, directory: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.startswith("$ "):
            yield f"{line}\n"
            yield _output(line.removeprefix("$ "), directory)


def _output(command: str, directory: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env={**os.environ, "PATH": path, "HOME": directory, "LC_ALL": "C.UTF-8", "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return result.stdout
