# SPDX-License-Identifier: LGPL-2.1-or-later
"""From an address and 21 words to a candidate with everything the rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.errors import Unreadable
from inspector.kernel.entry_points import EntryPoints
from inspector.kernel.generated_text import GeneratedText
from inspector.kernel.kprobes import Kprobes
from inspector.model.candidate import Candidate, FoundBy, Unwinder, Word
from inspector.model.kprobe import Kprobe
from inspector.model.registers import Registers
from inspector.model.stack import Stack
from inspector.model.task import Task
from inspector.target.target import Target

if TYPE_CHECKING:
    from inspector.model.record import Record


class Surroundings:
    """Looks around a frame; one for each open target."""

    def __init__(self, target: Target, kprobes: Kprobes, generated: GeneratedText) -> None:
        self._target = target
        self.entry_points = EntryPoints(target)
        self._kprobes = kprobes
        self.generated = generated

    def candidate(
        self,
        found_by: FoundBy,
        address: int,
        registers: Registers,
        *,
        below: int | None,
        stack: Stack | None,
        task: Task | None,
        cpu: int | None,
        record: Record | None = None,
        unwinder: Unwinder = Unwinder.SILENT,
    ) -> Candidate:
        """:param below: the word at ``address - 8``, None where it cannot be read"""
        kernel_mode = not registers.user_mode
        ip = registers.ip
        return Candidate(
            found_by,
            address,
            registers,
            stack,
            task,
            cpu,
            below=None if below is None else self.return_word(address - 8, below),
            ip=self._target.locate(ip) if kernel_mode else None,
            ip_region=self.generated.at(ip - 1) if kernel_mode else None,
            kprobe=self._kprobe(ip - 1, record) if kernel_mode else None,
            text_before_ip=self._text_byte(ip - 1) if kernel_mode else None,
            record=record,
            unwinder=unwinder,
            stepped=self._kprobes.by_end.get(ip) if kernel_mode else None,
            in_hardware_slot=stack is not None and stack.slot == address,
        )

    def return_word(self, address: int, value: int) -> Word:
        """The word ``value`` that lies at ``address``, as a return address."""
        location = self._target.symbols.locate_return(value)
        return Word(
            address,
            value,
            location,
            self.entry_points.of(location),
            self.generated.at(value - 1),
        )

    def _kprobe(self, address: int, record: Record | None) -> Kprobe | None:
        registered = self._kprobes.by_address.get(address)
        if registered is None and record is not None and record.probe.address == address:
            # Unregistered since: the record still knows how it was armed.
            return Kprobe(address, self._target.locate(address), record.mechanism)
        return registered

    def _text_byte(self, address: int) -> int | None:
        try:
            return self._target.read(address, 1)[0]
        except Unreadable:
            return None
