# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text as the compiler left it: what kprobes and ftrace put there undone.

``recover_probed_instruction()``, arch/x86/kernel/kprobes/core.c.
"""

from __future__ import annotations

from dataclasses import dataclass

from drgn import Object, container_of
from drgn.helpers.linux.list import hlist_for_each_entry

from inspector.errors import TargetError
from inspector.kernel.facts import fact, variable
from inspector.kernel.ftrace_sites import NOP5, SITE_SIZE, FtraceSites
from inspector.model.kprobe import KprobeFlags
from inspector.model.probe_site import TextRange, Unread
from inspector.target.faults import reading
from inspector.target.target import Target

_JMP = 0xE9


@dataclass(frozen=True, slots=True)
class ProbedBytes:
    """A kprobe's address, and the bytes that stood there before it.

    :ivar enabled: it is not KPROBE_FLAG_DISABLED
    """

    address: int
    original: bytes
    enabled: bool


class OriginalText:
    """Reads the text of one target as it was."""

    def __init__(self, target: Target, sites: FtraceSites) -> None:
        self._target = target
        self._sites = sites
        self._kprobes = fact("kprobe_table", lambda: variable(target, "kprobe_table"))
        self._probed: list[ProbedBytes] = []
        with reading("kprobe_table"):
            if isinstance(self._kprobes, int):
                for head in target.prog["kprobe_table"]:
                    for probe in hlist_for_each_entry("struct kprobe", head.address_of_(), "hlist"):
                        self._probed.append(self._of(probe))

    def read(self, part: TextRange) -> bytes:
        """The bytes of ``part``.

        :raises Unreadable: if any of them is missing
        :raises TargetError: if it is not known who changed them
        """
        text = bytearray(self._target.certain(part.low, part.high - part.low))
        if isinstance(self._kprobes, Unread):
            raise TargetError(self._kprobes.reason, self._kprobes.rule)
        for site in self._sites.within(part.low - SITE_SIZE, part.high):
            _overlay(text, site - part.low, NOP5)
        for probe in self._probed:
            _overlay(text, probe.address - part.low, probe.original)
        return bytes(text)

    def enabled_within(self, low: int, high: int) -> tuple[int, ...]:
        """The addresses in ``[low, high)`` where a kprobe is, and is enabled."""
        return tuple(
            sorted(p.address for p in self._probed if p.enabled and low <= p.address < high)
        )

    def _of(self, probe: Object) -> ProbedBytes:
        address, flags = probe.addr.value_(), KprobeFlags(probe.flags.value_() & 31)
        enabled = not flags & (KprobeFlags.DISABLED | KprobeFlags.GONE)
        if flags & (KprobeFlags.FTRACE | KprobeFlags.GONE):
            return ProbedBytes(address, b"", enabled)  # no byte of its own
        original = bytes([probe.opcode.value_()])
        # Set when it is queued too: only the text tells whether the jump is there.
        if flags & KprobeFlags.OPTIMIZED and self._target.read(address, 1)[0] == _JMP:
            optimised = container_of(probe, "struct optimized_kprobe", "kp")
            original += bytes(byte.value_() for byte in optimised.optinsn.copied_insn)
        return ProbedBytes(address, original, enabled)


def _overlay(text: bytearray, at: int, patch: bytes) -> None:
    for i, byte in enumerate(patch, at):
        if 0 <= i < len(text):
            text[i] = byte
