# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's table of kprobes, and the framefreeze module's ring of hits."""

from __future__ import annotations

from collections.abc import Iterator

from drgn import Object, container_of

from inspector.errors import InspectorError, Unreadable
from inspector.formats.ring import (
    HEADER_SYMBOL,
    START_SIZE,
    Header,
    RecordPlaces,
    decode_header,
    decode_ring,
    filtered_names,
    header_size,
    held_still,
    record_places,
)
from inspector.model.record import Kprobe, KprobeFlags, Mechanism, Ring
from inspector.model.stack import CodeRegion, Location, RegionKind
from inspector.target.faults import reading
from inspector.target.modules import hlist_entries, list_entries
from inspector.target.target import Target

# The registered kprobes, where kprobes are forbidden, and what the kprobes of a kernel can do.

# The registered kprobes, from ``kprobe_table`` (kernel/kprobes.c).

_MAX_INSN_SIZE = 15  # arch/x86/include/asm/insn.h: one slot of kprobe_insn_slots

_CALL, _INT3, _JMP = 0xE8, 0xCC, 0xE9


def registered_probes(target: Target) -> Iterator[Object]:
    """Each ``struct kprobe *`` in ``kprobe_table``; none where the kernel has no kprobes.

    :raises drgn.FaultError: if the table is not readable, or a list of it runs into itself
    """
    if target.symbols.address_of("kprobe_table") is None:
        return
    offset = target.offsetof("struct kprobe", "hlist")
    for head in target.prog["kprobe_table"]:
        for address in hlist_entries(target.prog, head.address_, offset):
            yield Object(target.prog, "struct kprobe *", value=address)


class Kprobes:
    """Every kprobe of the target, with the text the kernel generated for each.

    :ivar by_address: probed address → kprobe
    :ivar by_end: address behind the probed instruction → kprobe
    :ivar regions: instruction slots and detour buffers
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._aggregate = target.symbols.address_of("aggr_pre_handler")
        self.by_address: dict[int, Kprobe] = {}
        self.by_end: dict[int, Kprobe] = {}
        self.regions: list[CodeRegion] = []
        with reading("kprobe_table"):
            for probe in registered_probes(target):
                self._add(probe)

    def _probe(self, address: int) -> Object:
        return Object(self._target.prog, "struct kprobe *", value=address)

    def _add(self, probe: Object) -> None:
        address = probe.addr.value_()
        flags = KprobeFlags(probe.flags.value_() & 31)
        location = self._target.locate(address)
        self.by_address[address] = Kprobe(
            address,
            location,
            self._mechanism(address, flags),
            flags,
            self._module(probe),
            self._size(probe),
        )
        size = self.by_address[address].size
        if size is not None:
            self.by_end[address + size] = self.by_address[address]
        owner = str(location) if location else f"{address:#x}"
        slot = probe.ainsn.insn.value_()
        if slot and not flags & KprobeFlags.FTRACE:
            self._region(RegionKind.KPROBE_SLOT, slot, _MAX_INSN_SIZE, owner)
        if self._is_aggregate(probe):
            self._add_detour(probe, owner)

    def _size(self, probe: Object) -> int | None:
        # struct arch_specific_insn keeps it since 5.13 (commit 6256e668b7af), with the step's int3.
        if not self._target.has_member("struct arch_specific_insn", "size"):
            return None
        return probe.ainsn.size.value_() or None

    def _add_detour(self, probe: Object, owner: str) -> None:
        try:
            optimised = container_of(probe, "struct optimized_kprobe", "kp")
        except LookupError:  # built without CONFIG_OPTPROBES
            return
        buffer, size = optimised.optinsn.insn.value_(), optimised.optinsn.size.value_()
        if buffer and size:
            # A detour is the template, the copied instructions and the jump back.
            template = self._template_size()
            self._region(RegionKind.OPTPROBE_DETOUR, buffer, template + size + 5, owner)

    def _template_size(self) -> int:
        start = self._target.symbols.address_of("optprobe_template_entry")
        end = self._target.symbols.address_of("optprobe_template_end")
        return end - start if start is not None and end is not None else 0

    def _region(self, kind: RegionKind, low: int, size: int, owner: str) -> None:
        self.regions.append(CodeRegion(kind, low, low + size, owner))

    def _is_aggregate(self, probe: Object) -> bool:
        return self._aggregate is not None and probe.pre_handler.value_() == self._aggregate

    def _module(self, probe: Object) -> str | None:
        if not self._is_aggregate(probe):
            return self._handler_module(probe)
        offset = self._target.offsetof("struct kprobe", "list")
        entries = list_entries(self._target.prog, probe.list.address_, offset)
        modules = (self._handler_module(self._probe(address)) for address in entries)
        return next((module for module in modules if module), None)

    def _handler_module(self, probe: Object) -> str | None:
        for handler in (probe.pre_handler, probe.post_handler):
            location: Location | None = self._target.locate(handler.value_())
            if location and location.module:
                return location.module
        return None

    def _mechanism(self, address: int, flags: KprobeFlags) -> Mechanism:
        # OPTIMIZED may only mean queued: the text decides.
        try:
            first = self._target.read(address, 1)[0]
        except (Unreadable, InspectorError):
            return Mechanism.UNKNOWN
        if first == _CALL and flags & KprobeFlags.FTRACE:
            return Mechanism.FTRACE
        return {_INT3: Mechanism.INT3, _JMP: Mechanism.OPTPROBE}.get(first, Mechanism.UNKNOWN)


# Where kprobes are forbidden: ``kprobe_blacklist`` (kernel/kprobes.c) and text sections.


# What the kprobes of a kernel can do: told by symbols and by text, never by a version.


# The framefreeze module's ring in the target's memory; no type information needed.


def read_ring(target: Target) -> Ring | None:
    """What framefreeze holds, or None where it is not loaded.

    :raises Unreadable: if the ring is not there
    :raises RecordError: if it is not what its ABI promises
    """
    header = _header(target)
    if header is None:
        return None
    # Twice: in a running kernel, a slot that differs was being written.
    first = target.read(header.records, header.ring_size)
    second = target.read(header.records, header.ring_size)
    return decode_ring(header, held_still(header, first, second))


def ring_places(target: Target) -> Iterator[RecordPlaces]:
    """Where in the ring data of the recorded tasks lies; nothing where there is none.

    :raises Unreadable: if the ring is not there
    :raises RecordError: if it is not what its ABI promises
    """
    header = _header(target)
    if header is not None:
        yield from record_places(header, target.read(header.records, header.ring_size))


def filter_places(target: Target) -> tuple[int, ...]:
    """Where framefreeze's header has the name of a task that a probe is restricted to.

    :raises Unreadable: if the header is not there
    :raises RecordError: if it is not what its ABI promises
    """
    header, address = _header(target), target.symbols.address_of(HEADER_SYMBOL)
    if header is None or address is None:
        return ()
    return tuple(at for at in filtered_names(header, address) if any(target.read(at, 1)))


def _header(target: Target) -> Header | None:
    address = target.symbols.address_of(HEADER_SYMBOL)
    if address is None:
        return None
    size = header_size(target.read(address, START_SIZE))
    return decode_header(target.read(address, size))
