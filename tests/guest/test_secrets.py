# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest's programs keep to themselves is not in a redacted dump of it."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from drgn import FaultError, Program

from tests.conftest import Inspector
from tests.guest.conftest import Crash, Play, frames

PAGE = 4096
MEMORY = 1 << 29  # of the guest


@pytest.fixture(scope="module")
def planted(play: Play) -> Crash:
    """A panicked guest in which scripts/labkit/guest/secrets.c ran; all of its memory."""
    return play("secrets")


@pytest.fixture(scope="module")
def secrets(root: Path) -> tuple[bytes, ...]:
    source = (root / "scripts/labkit/guest/secrets.c").read_text()
    return tuple(found.encode() for found in re.findall(r"S3CRET[-\w]+", source))


@pytest.fixture(scope="module")
def small(planted: Crash, inspector: Inspector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("redacted") / "small"
    result = inspector("distill", planted.vmcore, "-o", path, "--redact")
    assert (result.returncode, result.stderr) == (0, "")
    return path


def pages(path: Path) -> Iterator[bytes]:
    prog = Program()
    prog.set_core_dump(path)
    for at in range(0, MEMORY, PAGE):
        try:
            yield bytes(prog.read(at, PAGE, True))
        except FaultError:
            continue


def test_every_secret_is_in_the_whole_dump(planted: Crash, secrets: tuple[bytes, ...]) -> None:
    assert len(secrets) >= 14
    with (
        planted.vmcore.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
    ):
        missing = [secret for secret in secrets if whole.find(secret) < 0]
    assert missing == []


def test_no_secret_is_in_the_redacted_one(small: Path, secrets: tuple[bytes, ...]) -> None:
    content = [small.read_bytes(), *pages(small)]
    assert len(content) > 500
    left = {secret for secret in secrets for part in content if secret in part}
    assert left == set()


def test_the_redacted_one_names_the_same_frames(
    planted: Crash, small: Path, inspector: Inspector
) -> None:
    facts = ("address", "origin", "stack", "found_in", "cpu", "syscall", "vector", "interrupted")
    whole, left = (
        [[frame[fact] for fact in facts] for frame in frames(inspector, "--core", path)]
        for path in (planted.vmcore, small)
    )
    assert left == whole
