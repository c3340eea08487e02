# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text as the compiler left it: what kprobes and ftrace put there is taken away, and no more."""

from __future__ import annotations

from inspector.errors import InspectorError
from inspector.formats.x86 import decode
from inspector.kernel.ftrace import FtraceSites
from inspector.kernel.instructions import OriginalText
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.text import function_at
from inspector.model.record import KprobeFlags, Mechanism
from inspector.target.target import Target


def original(target: Target) -> OriginalText:
    return OriginalText(target, FtraceSites(target))


def test_an_armed_kprobe_leaves_no_byte_of_its_own(target: Target, kprobes: Kprobes) -> None:
    text = original(target)
    for probe in kprobes.by_address.values():
        _location, function = function_at(target, probe.address)
        try:
            target.read(function.low, function.high - function.low)
        except InspectorError:
            continue  # a small dump has not the text of every function
        now = target.read(probe.address, 1)[0]
        expected = {Mechanism.INT3: 0xCC, Mechanism.OPTPROBE: 0xE9, Mechanism.FTRACE: 0xE8}
        assert now == expected[probe.mechanism]
        before = text.read(function)
        assert len(before) == function.high - function.low
        body = decode(before, function.low)
        starts = {instruction.address for instruction in body.instructions}
        assert probe.address in starts  # register_kprobe() refuses the middle of one
        assert before[probe.address - function.low] != now


def test_text_without_probes_is_read_as_it_is(
    target: Target, kprobes: Kprobes, whole_text: tuple[str, ...]
) -> None:
    text, sites = original(target), FtraceSites(target)
    compared = 0
    for symbol in whole_text[::7]:
        address = target.symbols.address_of(symbol)
        if address is None:
            continue
        _location, function = function_at(target, address)
        if any(function.low <= at < function.high for at in kprobes.by_address):
            continue
        before, now = text.read(function), target.read(function.low, function.high - function.low)
        changed = {
            function.low + i
            for i, pair in enumerate(zip(before, now, strict=True))
            if pair[0] != pair[1]
        }
        of_sites = {
            site + i for site in sites.within(function.low - 5, function.high) for i in range(5)
        }
        assert changed <= of_sites
        compared += 1
    assert compared > 50 or not whole_text


def test_probes_that_are_enabled_are_found_by_address(target: Target, kprobes: Kprobes) -> None:
    text = original(target)
    off = KprobeFlags.DISABLED | KprobeFlags.GONE
    for probe in kprobes.by_address.values():
        found = text.enabled_within(probe.address, probe.address + 1)
        assert found == (() if probe.flags & off else (probe.address,))
    assert text.enabled_within(0, 1 << 32) == ()
