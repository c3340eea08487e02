# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is read of a kdump without drgn is what drgn reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from drgn import FaultError

from inspector.errors import Unreadable
from inspector.formats.notes import NAME
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.dump_memory import DumpMemory, dump_memory
from inspector.target.spec import TargetKind, TargetSpec, shipped_dump
from inspector.target.target import vmcoreinfo

UNMAPPED = 0xFFFF_C8FF_FFFF_F000  # below vmalloc space, which a hole is below


@pytest.fixture(scope="module")
def source() -> Iterator[TargetSource]:
    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        yield source


@pytest.fixture(scope="module")
def memory(source: TargetSource) -> DumpMemory:
    made = dump_memory(shipped_dump(None), vmcoreinfo(source.target.prog))
    assert made is not None
    return made


def by_drgn(source: TargetSource, address: int, size: int) -> bytes | None:
    """None where the small dump lacks a page of it."""
    try:
        return bytes(source.target.prog.read(address, size))
    except FaultError:
        return None


def test_tasks_and_live_stacks_are_the_same(source: TargetSource, memory: DumpMemory) -> None:
    places = []
    for task in source.tasks():
        places.append((task.address + source.target.offsetof("struct task_struct", "comm"), 16))
        if task.stack is not None and task.sp in task.stack:
            places.append((task.sp, task.stack.high - task.sp))
    assert len(places) > 100
    read = [(memory.read(*place), by_drgn(source, *place)) for place in places]
    assert [place for place, (ours, drgns) in zip(places, read, strict=True) if ours != drgns] == []
    assert sum(drgns is not None for _, drgns in read) > 50


def test_large_pages_of_the_kernel_image_are_the_same(
    source: TargetSource, memory: DumpMemory
) -> None:
    start = source.target.symbols.address_of("__start_BTF")
    assert start is not None
    size = 3 * 4096 + 5
    assert memory.read(start + 123, size) == bytes(source.target.prog.read(start + 123, size))


def test_the_end_of_a_stack_is_the_same(source: TargetSource, memory: DumpMemory) -> None:
    ends = [task.stack.low for task in source.tasks() if task.stack is not None]
    assert len(ends) > 50
    for end in ends:
        assert memory.beginning(end, 8) == bytes(source.target.prog.read(end, 8))


@pytest.mark.parametrize("address", [UNMAPPED, 0, 1 << 63, (1 << 64) - 4, -8])
def test_what_is_not_there_is_left_to_drgn_to_say(
    source: TargetSource, memory: DumpMemory, address: int
) -> None:
    assert memory.read(address, 8) is None
    assert memory.beginning(address, 8) is None
    with pytest.raises(Unreadable):
        source.target.read(address, 8)


def test_a_dump_that_does_not_name_its_page_tables_is_left_to_drgn(
    source: TargetSource, tmp_path: Path
) -> None:
    info = vmcoreinfo(source.target.prog)
    del info["SYMBOL(swapper_pg_dir)"]
    whole = tmp_path / "whole"  # as far as anybody knows
    whole.write_bytes(shipped_dump(None).read_bytes().replace(NAME, b"SOMEBODY-ELSES."))
    assert dump_memory(whole, info) is None


def test_a_file_that_is_gone_is_left_to_drgn(source: TargetSource, tmp_path: Path) -> None:
    assert dump_memory(tmp_path / "gone", vmcoreinfo(source.target.prog)) is None
