# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped dump with its tables cut down: a fraction of the size, and the same answers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from drgn import Symbol, SymbolKind

from inspector.distill.trim import trimmed_orc
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec
from tests.conftest import Inspector

QUESTIONS = (
    ("frames", "--with-records"),
    ("diff",),
    ("explain",),
    ("explain", "--record", "2"),
    ("stack", "--all-cpus"),
    ("probe", "kernel_clone"),
)


@pytest.fixture(scope="module")
def trimmed(root: Path, inspector: Inspector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = tmp_path_factory.mktemp("trimmed") / "small"
    result = inspector("distill", root / "dumps/fork-6.1.vmcore", "-o", small, "--trim")
    assert result.returncode in (0, 3), result.stderr  # 3: the dump itself lacks something
    return small


def source(path: Path) -> TargetSource:
    with open_target_source(TargetSpec(TargetKind.CORE, str(path))) as opened:
        return opened


def test_it_is_about_a_megabyte(trimmed: Path) -> None:
    """The text of the functions whose probes the shipped dump decides is a tenth of it."""
    assert trimmed.stat().st_size < 1_100_000


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_every_answer_is_the_same(
    root: Path, trimmed: Path, inspector: Inspector, question: tuple[str, ...]
) -> None:
    def answer(path: Path) -> dict[str, Any]:
        result = inspector(*question, "--core", path, "--format", "json")
        assert (result.returncode, result.stderr) == (0, "")
        told: dict[str, Any] = json.loads(result.stdout)
        del told["target"]
        return told

    assert answer(trimmed) == answer(root / "dumps/fork-6.1.vmcore")


def functions(opened: TargetSource) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for symbol in _symbols(opened):
        if symbol.kind is SymbolKind.FUNC:
            found.setdefault(symbol.name, set()).add(symbol.address)
    return found


def _symbols(opened: TargetSource) -> Iterator[Symbol]:
    yield from opened.target.prog.symbols()


def test_every_function_keeps_its_name_and_address(root: Path, trimmed: Path) -> None:
    before = functions(source(root / "dumps/fork-6.1.vmcore"))
    assert len(before) > 40_000
    assert functions(source(trimmed)) == before


def test_a_type_that_was_left_out_is_not_found_rather_than_empty(trimmed: Path) -> None:
    prog = source(trimmed).target.prog
    assert prog.type("struct task_struct").has_member("comm")
    with pytest.raises(LookupError):
        prog.type("struct ext4_inode_info")


def test_the_types_can_stay_whole(root: Path, inspector: Inspector, tmp_path: Path) -> None:
    small, dump = tmp_path / "small", root / "dumps/fork-6.1.vmcore"
    options = ("--trim", "--whole-names", "-o", small)
    assert inspector("distill", dump, *options).returncode in (0, 3)  # as above
    opened = source(small)
    assert opened.target.prog.type("struct ext4_inode_info").has_member("i_data")
    assert functions(opened) == functions(source(dump))
    alone = inspector("distill", dump, "--whole-names", "-o", tmp_path / "not made")
    assert alone.returncode == 2
    assert "--trim" in alone.stderr
    assert len(alone.stderr.splitlines()) == 1
    assert not (tmp_path / "not made").exists()


def test_orc_entries_that_nobody_needs_become_undefined_and_keep_the_order() -> None:
    base, texts = 0xFFFFFFFF82000000, [0xFFFFFFFF81000000 + 16 * n for n in range(8)]
    offsets = b"".join(struct.pack("<i", at - (base + 4 * i)) for i, at in enumerate(texts))
    entries = b"".join(bytes([n + 1]) * 6 for n in range(8))
    ips, table = trimmed_orc(offsets, entries, base, {texts[2] + 5, texts[3]})
    assert (len(ips), len(table)) == (len(offsets), len(entries))
    words = [word for (word,) in struct.iter_unpack("<i", ips)]
    addresses = [base + 4 * i + word for i, word in enumerate(words)]
    assert addresses[:3] == [texts[2], texts[3], texts[4]]
    assert addresses == sorted(addresses)
    assert table == b"\3" * 6 + b"\4" * 6 + bytes(6 * 6)
