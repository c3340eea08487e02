# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump, distilled once more: what is in the small one, and what is not."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from drgn import FaultError, Program

from tests.conftest import Inspector

PAGE = 4096
MEMORY = 1 << 29  # of the guest that was dumped


@dataclass(frozen=True)
class Small:
    path: Path
    manifest: dict[str, Any]

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Physical address and content of every page."""
        prog = Program()
        prog.set_core_dump(self.path)
        for at in range(0, MEMORY, PAGE):
            try:
                yield at, bytes(prog.read(at, PAGE, True))
            except FaultError:
                continue


def distilled(inspector: Inspector, core: Path, small: Path, *options: str) -> Small:
    result = inspector("distill", core, "-o", small, "--format", "json", *options)
    manifest = json.loads(result.stdout)
    assert (result.returncode, result.stderr) == (3 if manifest["missing"] else 0, "")
    assert manifest["schema"] == "inspector.distill/1"
    return Small(small, manifest)


@pytest.fixture(scope="module")
def core(root: Path) -> Path:
    return root / "dumps" / "fork-6.1.vmcore"


@pytest.fixture(scope="module")
def small(inspector: Inspector, core: Path, tmp_path_factory: pytest.TempPathFactory) -> Small:
    return distilled(inspector, core, tmp_path_factory.mktemp("small") / "small")


@pytest.fixture(scope="module")
def redacted(inspector: Inspector, core: Path, tmp_path_factory: pytest.TempPathFactory) -> Small:
    return distilled(inspector, core, tmp_path_factory.mktemp("redacted") / "small", "--redact")


def frames(inspector: Inspector, dump: Path) -> list[dict[str, Any]]:
    result = inspector("frames", "--core", dump, "--format", "json")
    assert (result.returncode, result.stderr) == (0, "")
    found: list[dict[str, Any]] = json.loads(result.stdout)["frames"]
    return found


def test_no_more_bytes_are_kept_than_the_audit_lists(small: Small, core: Path) -> None:
    sizes = 0
    for one in small.manifest["ranges"]:
        low, high = int(one["low"], 16), int(one["high"], 16)
        assert low // PAGE == (high - 1) // PAGE
        sizes += high - low
    kept = sum(len(page) - page.count(0) for _, page in small.pages())
    assert 0 < kept <= sizes
    before = sum(len(page) - page.count(0) for _, page in Small(core, {}).pages())
    assert kept <= before  # the shipped dump is small already


def test_what_is_kept_is_what_the_dump_holds(small: Small, core: Path) -> None:
    prog = Program()
    prog.set_core_dump(core)
    for at, page in small.pages():
        theirs = bytes(prog.read(at, PAGE, True))
        assert all(
            mine in (0, other) for mine, other in zip(page, theirs, strict=True) if mine != other
        )


def test_a_redacted_dump_names_the_same_frames(
    inspector: Inspector, core: Path, redacted: Small
) -> None:
    whole, left = frames(inspector, core), frames(inspector, redacted.path)
    facts = ("address", "origin", "stack", "found_in", "cpu", "syscall", "vector", "interrupted")
    assert [[f[fact] for fact in facts] for f in left] == [
        [f[fact] for fact in facts] for f in whole
    ]
    for one, other in zip(whole, left, strict=True):
        for name, word in other["registers"].items():
            if word is None:
                assert name in other["absent"]
            else:
                assert word == one["registers"][name]


def test_no_word_of_user_space_is_left(inspector: Inspector, core: Path, redacted: Small) -> None:
    entries = [frame for frame in frames(inspector, core) if frame["user_mode"]]
    words = {
        int(word, 16)
        for frame in entries
        for name, word in frame["registers"].items()
        if name not in ("ip", "cs", "flags", "ss", "orig_ax") and word not in (None, "0x0")
    }
    known = {int(frame["registers"][name], 16) for frame in entries for name in ("ip", "flags")}
    secret = {word for word in words - known if 1 << 32 <= word < 1 << 56}
    assert len(secret) > 10
    left = [
        hex(word)
        for _, page in redacted.pages()
        for word in struct.unpack("<512Q", page)
        if word in secret
    ]
    assert left == []


def test_no_task_name_is_left(core: Path, redacted: Small) -> None:
    names = (b"int80-pause", b"wait4-child", b"forker\0")
    content = b"".join(page for _, page in Small(core, {}).pages())
    assert all(name in content for name in names)
    content = b"".join(page for _, page in redacted.pages())
    assert not any(name in content for name in names)
    assert b"REDACTED" in content


def test_what_is_asked_to_stay_stays(inspector: Inspector, core: Path, tmp_path: Path) -> None:
    kept = distilled(inspector, core, tmp_path / "small", "--redact", "--keep", "task-names")
    assert {f["task"]["comm"] for f in frames(inspector, kept.path)} >= {"forker", "loop"}
    assert "task-names" not in kept.manifest["taken_out"]
    assert kept.manifest["taken_out"]["user-registers"] > 0


def test_keep_without_redact_is_bad_usage(inspector: Inspector, core: Path, tmp_path: Path) -> None:
    result = inspector("distill", core, "-o", tmp_path / "small", "--keep", "log")
    assert result.returncode == 2
    assert "--redact" in result.stderr
    assert not (tmp_path / "small").exists()
