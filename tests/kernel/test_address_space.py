# SPDX-License-Identifier: LGPL-2.1-or-later
"""Addresses of the shipped dumps whose place is known without the table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.kernel.address_space import AddressSpace
from inspector.model.frame import Frame
from inspector.model.stack import StackKind
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec, shipped_names


@pytest.fixture(scope="module", params=shipped_names())
def source(request: pytest.FixtureRequest) -> Iterator[TargetSource]:
    with open_target_source(TargetSpec(TargetKind.DEMO, request.param)) as opened:
        yield opened


@pytest.fixture(scope="module")
def space(source: TargetSource) -> AddressSpace:
    return AddressSpace(source.target)


@pytest.fixture(scope="module")
def frames(source: TargetSource) -> tuple[Frame, ...]:
    return tuple(source.frames(source.tasks()))


def test_ip_and_sp_are_on_the_side_that_cs_says(
    space: AddressSpace, frames: tuple[Frame, ...]
) -> None:
    assert {frame.user_mode for frame in frames} == {True, False}
    for frame in frames:
        for address in (frame.registers.ip, frame.registers.sp):
            assert space.is_canonical(address)
            assert space.is_user(address) is frame.user_mode
            assert space.is_kernel(address) is not frame.user_mode


def test_exception_stacks_lie_in_the_cpu_entry_areas(
    source: TargetSource, space: AddressSpace, frames: tuple[Frame, ...]
) -> None:
    on_nmi_stacks = [frame.address for frame in frames if frame.stack is StackKind.NMI]
    # An oops of one CPU may have stopped the other in user mode, by an NMI on its task stack.
    dump = source.target_identity.path
    assert dump is not None
    assert on_nmi_stacks or Path(dump).name.startswith("oops")
    assert {space.area_of(at) for at in on_nmi_stacks} <= {"the CPU entry areas"}


def test_symbols_of_the_image_lie_in_it(source: TargetSource, space: AddressSpace) -> None:
    for symbol in ("schedule", "init_task"):
        address = source.target.symbols.address_of(symbol)
        assert address is not None
        assert space.area_of(address) == "the kernel image"


def test_four_levels_leave_a_hole(space: AddressSpace) -> None:
    for address in (0x0000_8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF, 0xDFFF_FC00_0000_0000):
        assert not space.is_canonical(address)
        assert not space.is_user(address)
        assert not space.is_kernel(address)
