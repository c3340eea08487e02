# SPDX-License-Identifier: LGPL-2.1-or-later
"""BTF of a real kernel cut down: what was asked for is there as it was, and little else."""

from __future__ import annotations

import pytest

from inspector.formats.btf import Btf, Kind
from inspector.formats.btf_trim import trimmed
from tests.kernel.conftest import opened

ASKED = (
    ("task_struct", Kind.STRUCT),
    ("list_head", Kind.STRUCT),
    ("kprobe", Kind.STRUCT),
    ("pcpu_hot", Kind.STRUCT),
    ("pid_type", Kind.ENUM),
    ("pid_t", Kind.TYPEDEF),
    ("atomic64_t", Kind.TYPEDEF),
)


@pytest.fixture(scope="module")
def whole() -> Btf:
    btf = opened("fork-6.1").btf
    assert btf is not None
    return btf


@pytest.fixture(scope="module")
def cut(whole: Btf) -> Btf:
    ids = [type_id for name, kind in ASKED for type_id in whole.ids(name, kind)]
    return Btf(trimmed(whole, ids))


def only(btf: Btf, name: str, kind: Kind) -> int | None:
    return next(iter(btf.ids(name, kind)), None)


def shape(btf: Btf, type_id: int, depth: int = 0) -> object:
    """Members of a type, and of what kind and size each of them is."""
    record = btf.record(type_id)
    if record.kind in (Kind.STRUCT, Kind.UNION) and depth:
        return record.kind, record.size_or_type  # no more is kept of a member
    if record.kind in (Kind.STRUCT, Kind.UNION):
        members = [
            (member.name, member.bit_offset, shape(btf, member.type_id, depth + 1))
            for member in btf.members(record)
        ]
        return record.kind, record.size_or_type, members
    if record.kind is Kind.ARRAY:
        element, length = btf.array(record)
        return record.kind, length, shape(btf, element, depth + 1)
    if record.kind is Kind.ENUM:
        return record.kind, list(btf.enumerators(record))
    return record.kind


@pytest.mark.parametrize(("name", "kind"), ASKED)
def test_what_was_asked_for_is_as_it_was(whole: Btf, cut: Btf, name: str, kind: Kind) -> None:
    before, after = only(whole, name, kind), only(cut, name, kind)
    assert (before is None) is (after is None)  # pcpu_hot came with 6.2
    if before is not None and after is not None:
        assert shape(cut, after) == shape(whole, before)


def test_most_of_it_is_gone(whole: Btf, cut: Btf) -> None:
    assert len(cut) < len(whole) / 20
    assert only(whole, "ext4_inode_info", Kind.STRUCT) is not None
    assert only(cut, "ext4_inode_info", Kind.STRUCT) is None


def test_what_is_only_pointed_to_is_a_name(whole: Btf, cut: Btf) -> None:
    """``task_struct`` has a ``struct mm_struct *``, and nobody asked what that holds."""
    assert only(whole, "mm_struct", Kind.STRUCT) is not None
    assert only(cut, "mm_struct", Kind.STRUCT) is None
    assert only(cut, "mm_struct", Kind.FWD) is not None


def test_every_reference_leads_to_a_type_of_the_smaller_one(cut: Btf) -> None:
    for type_id in range(1, len(cut)):
        record = cut.record(type_id)
        if record.kind in (Kind.STRUCT, Kind.UNION):
            for member in cut.members(record):
                assert 0 <= member.type_id < len(cut)
        elif record.kind in (Kind.PTR, Kind.TYPEDEF, Kind.CONST, Kind.VOLATILE):
            assert 0 <= record.size_or_type < len(cut)


def test_nothing_asked_for_is_next_to_nothing(whole: Btf) -> None:
    assert len(Btf(trimmed(whole, ()))) <= 1
