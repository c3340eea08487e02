# SPDX-License-Identifier: LGPL-2.1-or-later
"""kprobe_table as drgn's own list helpers walk it, and the ring against the kernel's own log."""

from __future__ import annotations

import re
from itertools import combinations

from drgn import Object
from drgn.helpers.linux.list import hlist_for_each_entry
from drgn.helpers.linux.module import for_each_module

from inspector.kernel.kprobes import Kprobes, filter_places, read_ring, ring_places
from inspector.kernel.log import log_tail
from inspector.model.record import Mechanism
from inspector.model.task import Task, escape_comm
from inspector.target.target import Target

FIRST_BYTE = {0xCC: Mechanism.INT3, 0xE9: Mechanism.OPTPROBE, 0xE8: Mechanism.FTRACE}
_HIT = re.compile(r"Kernel panic - not syncing: framefreeze: hit (\d+) of (\S+)")


def table(target: Target) -> list[Object]:
    return [
        probe
        for head in target.prog["kprobe_table"]
        for probe in hlist_for_each_entry("struct kprobe", head.address_of_(), "hlist")
    ]


def test_the_table_is_the_kernels(target: Target, kprobes: Kprobes) -> None:
    theirs = {probe.addr.value_(): probe for probe in table(target)}
    assert kprobes.by_address.keys() == theirs.keys()
    for address, ours in kprobes.by_address.items():
        assert ours.flags.value == theirs[address].flags.value_() & 31
        assert ours.mechanism is FIRST_BYTE[target.prog.read(address, 1)[0]]
        assert ours.location is not None
        symbol = target.prog.symbol(address)
        assert ours.location.offset == address - symbol.address


def test_a_probe_ends_where_its_instruction_does(kprobes: Kprobes) -> None:
    for end, probe in kprobes.by_end.items():
        assert probe.size is not None
        assert 0 < probe.size <= 15
        assert end == probe.address + probe.size


def test_generated_text_lies_apart_and_under_no_symbol(target: Target, kprobes: Kprobes) -> None:
    for one, other in combinations(kprobes.regions, 2):
        assert one.high <= other.low or other.high <= one.low
    for region in kprobes.regions:
        assert target.locate(region.low) is None


def test_the_ring_is_there_where_its_module_is_loaded(
    target: Target, tasks: tuple[Task, ...]
) -> None:
    loaded = any(m.name.string_() == b"framefreeze" for m in for_each_module(target.prog))
    ring = read_ring(target)
    assert (ring is not None) is loaded
    if ring is None:
        assert list(ring_places(target)) == []
        assert filter_places(target) == ()
        return
    addresses = Kprobes(target).by_address
    comms = {task.pid: task.comm for task in tasks}
    for record in ring.records:
        assert record.hit > 0
        assert comms.get(record.pid, record.comm) == record.comm
    for probe in ring.probes:
        near = [at for at in addresses if 0 <= at - probe.address <= 4]  # behind its ENDBR
        assert near
        recorded = [record.hit for record in ring.records if record.probe.name == probe.name]
        assert all(
            hit <= max(p.hits for p in ring.probes if p.name == probe.name) for hit in recorded
        )
    assert len(list(ring_places(target))) == len(ring.records)


def test_the_hit_that_panicked_is_the_one_that_the_log_tells(target: Target) -> None:
    told = [found for line in log_tail(target, 100) if (found := _HIT.search(line.text))]
    ring = read_ring(target)
    assert bool(told) is (ring is not None)
    if ring is not None:
        (probe,) = {(int(found[1]), found[2]) for found in told}
        assert probe in {(one.hits, one.name) for one in ring.probes}


def test_records_name_tasks_where_the_places_say(target: Target) -> None:
    ring = read_ring(target)
    if ring is None:
        return
    names = sorted(record.comm for record in ring.records)
    places = list(ring_places(target))
    assert sorted(escape_comm(target.read(place.name, 16)) for place in places) == names
    for place in places:
        low, high = place.stack
        assert low <= high
        assert len(place.frames) >= 1
