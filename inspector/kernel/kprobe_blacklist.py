# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where kprobes are forbidden: ``kprobe_blacklist`` (kernel/kprobes.c) and text sections."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.list import list_for_each_entry

from inspector.errors import InspectorError
from inspector.kernel.facts import unread, variable
from inspector.kernel.text import section
from inspector.model.probe_site import TextRange, Unread
from inspector.target.faults import reading
from inspector.target.target import Target

_MAX_ENTRIES = 100_000  # a longer list is a loop

# arch_within_kprobe_blacklist(), populate_kprobe_blacklist(), arch_populate_kprobe_blacklist()
_SECTIONS = (
    ("__kprobes_text_start", "__kprobes_text_end", ".kprobes.text"),
    ("__entry_text_start", "__entry_text_end", ".entry.text"),
    ("__noinstr_text_start", "__noinstr_text_end", ".noinstr.text"),
    ("__entry_trampoline_start", "__entry_trampoline_end", ".entry_trampoline"),
)


def in_forbidden_section(target: Target, symbol: str) -> bool:
    """Whether ``symbol`` lies in a section of text that takes no kprobes."""
    address = target.symbols.address_of(symbol)
    sections = (section(target, *names) for names in _SECTIONS)
    return address is not None and any(part is not None and address in part for part in sections)


class KprobeBlacklist:
    """The blacklist of one target.

    :ivar unread: why the list is not known as a whole, None where it is
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._sections = [s for names in _SECTIONS if (s := section(target, *names))]
        self._listed: list[TextRange] = []
        self.unread: Unread | None = None
        try:
            self._read()
        except InspectorError as error:
            self.unread = unread("kprobe_blacklist", error)

    def at(self, address: int) -> TextRange | Unread | None:
        """What forbids a kprobe at ``address``: within_kprobe_blacklist()."""
        for part in (*self._sections, *self._listed):
            if address in part:
                return part
        whole = self._whole_function(address)
        return whole or self.unread

    def _whole_function(self, address: int) -> TextRange | None:
        """A part that the compiler split off (``.cold``, ``.isra.0``) follows its function."""
        location = self._target.locate(address)
        if location is None or "." not in location.symbol:
            return None
        whole = self._target.symbols.address_of(location.symbol.partition(".")[0])
        if whole is None:
            return None
        return next((p for p in (*self._sections, *self._listed) if whole in p), None)

    def _read(self) -> None:
        head = variable(self._target, "kprobe_blacklist")
        if head is None:
            self.unread = Unread("kprobe_blacklist: no such symbol", "structure-unknown")
            return
        with reading("kprobe_blacklist"):
            pointer = Object(self._target.prog, "struct list_head *", value=head)
            entries = list_for_each_entry("struct kprobe_blacklist_entry", pointer, "list")
            for count, entry in enumerate(entries):
                if count > _MAX_ENTRIES:
                    self.unread = Unread("kprobe_blacklist: its list does not end", "list-loops")
                    return
                low, high = entry.start_addr.value_(), entry.end_addr.value_()
                name = self._target.locate(low)
                self._listed.append(TextRange(low, high, str(name) if name else f"{low:#x}"))
