# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump, distilled once more: what is in the small one, and what is not."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from drgn import FaultError, Program
from drgn.helpers.linux.module import for_each_module

from inspector.distill.small import read_first_steps
from inspector.errors import Unreadable
from inspector.formats.kdump import KdumpPages, kept_map
from inspector.formats.notes import NAME
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import Target
from tests.conftest import Inspector
from tests.overlay import survey_with

PAGE = 4096
MEMORY = 1 << 29  # of the guest that was dumped


@dataclass(frozen=True)
class Small:
    path: Path
    manifest: dict[str, Any]

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Physical address and content of every page, as they stand in the file."""
        pages = KdumpPages(self.path)
        for at in range(0, MEMORY, PAGE):
            if (page := pages.page(at // PAGE)) is not None:
                yield at, page


def drgn(path: Path) -> Program:
    """As drgn opens it where this package is installed: its plugin is there."""
    prog = Program()
    prog.set_core_dump(path)
    return prog


def read_by_drgn_alone(path: Path, address: int) -> int:
    """The byte at ``address``, as drgn reads it where this package is not installed."""
    code = (
        "import sys, drgn; prog = drgn.Program(); prog.set_core_dump(sys.argv[1]);"
        "print(prog.read(int(sys.argv[2]), 1)[0])"
    )
    argv = [sys.executable, "-c", code, str(path), str(address)]
    env = {**os.environ, "DRGN_DISABLE_PLUGINS": "*"}
    return int(subprocess.run(argv, env=env, stdout=subprocess.PIPE, check=True).stdout)


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
    whole = dict(Small(core, {}).pages())
    for at, page in small.pages():
        theirs = whole[at]
        assert all(
            mine in (0, other) for mine, other in zip(page, theirs, strict=True) if mine != other
        )


def audited(small: Small) -> list[tuple[int, int]]:
    """What the audit lists by virtual address."""
    return [
        (int(one["low"], 16), int(one["high"], 16))
        for one in small.manifest["ranges"]
        if one["space"] == "virtual"
    ]


def test_what_was_not_kept_is_missing_and_not_zero(small: Small, core: Path) -> None:
    whole = drgn(core)
    with open_target_source(TargetSpec(TargetKind.CORE, str(small.path))) as source:
        target, cut = source.target, 0
        for low, high in audited(small):
            assert target.read(low, high - low) == whole.read(low, high - low)
            if high % PAGE:
                cut += missing(target, high)
        assert cut > 1000


def missing(target: Target, address: int) -> bool:
    """Neither this package's reader nor drgn's hands out the byte behind what was kept."""
    with pytest.raises(Unreadable) as ours:
        target.read(address, 1)
    with pytest.raises(FaultError) as drgns:
        target.prog.read(address, 1)
    with pytest.raises(Unreadable):
        target.read(address - 1, 2)
    return bool(ours.value.address == drgns.value.address == address)


def test_drgn_with_this_package_faults_where_nothing_was_kept(small: Small) -> None:
    prog = drgn(small.path)
    low, high = next((low, high) for low, high in audited(small) if high % PAGE)
    assert prog.read(high - 1, 1)[0] == read_by_drgn_alone(small.path, high - 1)
    with pytest.raises(FaultError):
        prog.read(low, high - low + 1)
    assert read_by_drgn_alone(small.path, high) == 0  # drgn alone cannot tell


def test_a_whole_dump_has_no_map_and_a_redacted_one_has(redacted: Small, tmp_path: Path) -> None:
    assert kept_map(redacted.path) is not None
    without = tmp_path / "without"
    without.write_bytes(redacted.path.read_bytes().replace(NAME, b"SOMEBODY-ELSES."))
    assert kept_map(without) is None


def test_a_map_of_a_later_version_is_refused_in_one_line(
    inspector: Inspector, small: Small, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    content = small.path.read_bytes()
    at = content.index(NAME) + 16  # the name, its NUL among its 16 bytes
    later.write_bytes(content[:at] + b"\x09" + content[at + 1 :])
    result = inspector("frames", "--core", later)
    assert (result.returncode, result.stdout) == (2, "")
    assert "version 9" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_small_dump_distilled_again_keeps_no_more(
    inspector: Inspector, small: Small, tmp_path: Path
) -> None:
    again = distilled(inspector, small.path, tmp_path / "again")
    assert again.manifest["ranges"] == small.manifest["ranges"]


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


def test_a_module_that_claims_too_much_orc_is_said_and_not_read() -> None:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as plain:
        module = next(iter(for_each_module(plain.target.prog)))
        claimed = module.arch.num_orcs
        at, beside = claimed.address_, claimed.address_ & 4
        word = 0xFFFF_FFFF << 8 * beside
    said = read_first_steps(survey_with({at - beside: word}).target)
    (left,) = said
    assert str(0xFFFF_FFFF) in left.text


def test_a_module_list_that_loops_is_said_by_both_that_follow_it() -> None:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as plain:
        _, second = for_each_module(plain.target.prog)
        node = second.list.address_of_().value_()
    said = [left.rule for left in read_first_steps(survey_with({node: node}).target)]
    assert len(said) == 2
    assert set(said) == {"list-loops"}
