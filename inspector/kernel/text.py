# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's text: functions by name, and text where no kprobe may stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from drgn import Object

from inspector.errors import TargetError
from inspector.model.stack import CodeRegion, Location, TextRange
from inspector.target.faults import reading
from inspector.target.modules import module_called
from inspector.target.target import Target, variable

# Where kernel text is, what owns it, its tables, and the text that the kernel generated.

# Where kernel text is, what owns it, and the tables that come with it.

# table → (symbol before it, symbol behind it, struct module's pointer, and its count)
_TABLES = {
    "struct jump_entry": (
        "__start___jump_table",
        "__stop___jump_table",
        "jump_entries",
        "num_jump_entries",
    ),
    "struct static_call_site": (
        "__start_static_call_sites",
        "__stop_static_call_sites",
        "static_call_sites",
        "num_static_call_sites",
    ),
    "struct bug_entry": (
        "__start___bug_table",
        "__stop___bug_table",
        "bug_table",
        "num_bugs",
    ),
    "struct exception_table_entry": (
        "__start___ex_table",
        "__stop___ex_table",
        "extable",
        "num_exentries",
    ),
}

_CFI_TRAPS = ("__start___kcfi_traps", "__stop___kcfi_traps")


class TextOwner:
    """vmlinux, or one loaded module.

    :param module: its name, None for vmlinux
    """

    def __init__(self, target: Target, module: str | None) -> None:
        self._target = target
        self.name = module or "vmlinux"
        self._module: Object | None = None
        if module is not None:
            with reading(f"module {module}"):
                self._module = module_called(target.prog, module)

    def text(self) -> TextRange | None:
        """The text that stays: init text is given back, and is nobody's.

        :raises TargetError: if the target does not say where it is
        :raises Unreadable: if memory is missing
        """
        if self._module is None:
            return section(self._target, "_stext", "_etext", "kernel text")
        with reading(f"text of module {self.name}"):
            low, size = _module_text(self._target, self._module)
        return TextRange(low, low + size, f"text of module {self.name}")

    def table(self, entry: str) -> tuple[int, int]:
        """Address and size in bytes of the table of ``entry``; (0, 0) where there is none.

        :raises TargetError: if the target does not say where it is
        :raises Unreadable: if memory is missing
        """
        start, stop, pointer, count = _TABLES[entry]
        if self._module is None:
            return self._of_vmlinux(start, stop, entry)
        if not self._target.has_member("struct module", pointer):
            return 0, 0
        with reading(f"{entry} of module {self.name}"):
            entries = self._module.member_(count).value_()
            return self._module.member_(pointer).value_(), entries * self._target.sizeof(entry)

    def cfi_traps(self) -> tuple[int, int]:
        """Address and size in bytes of ``__kcfi_traps``; (0, 0) where there is none.

        :raises TargetError: if the target does not say where it is
        :raises Unreadable: if memory is missing
        """
        if self._module is None:
            return self._of_vmlinux(*_CFI_TRAPS, "traps of kCFI")
        if not self._target.has_member("struct module", "kcfi_traps"):
            return 0, 0
        with reading(f"traps of kCFI of module {self.name}"):
            low = self._module.kcfi_traps.value_()
            return low, self._module.kcfi_traps_end.value_() - low

    def _of_vmlinux(self, start: str, stop: str, what: str) -> tuple[int, int]:
        if variable(self._target, start) is None:
            return 0, 0
        table = section(self._target, start, stop, what)
        return (table.low, table.high - table.low) if table else (0, 0)


def section(target: Target, start: str, stop: str, name: str) -> TextRange | None:
    """What lies between two symbols of the linker script, None where a kernel has none."""
    low, high = target.symbols.address_of(start), target.symbols.address_of(stop)
    if low is None or high is None or low >= high:
        return None
    return TextRange(low, high, name)


def function_at(target: Target, address: int) -> tuple[Location, TextRange]:
    """As kallsyms_lookup_size_offset() has it: from the nearest symbol to the next address.

    :raises TargetError: if no symbol covers ``address``
    """
    location = target.locate(address)
    if location is None:
        raise TargetError(f"no symbol covers {address:#x}")
    low = address - location.offset
    with reading(location.symbol):
        sizes = [s.size for s in target.prog.symbols(address) if s.address == low]
    high = low + max(sizes, default=0)
    target.locate(high)  # so that the symbol that ends it stays in a trimmed table
    return location, TextRange(low, high, location.symbol)


def _module_text(target: Target, module: Object) -> tuple[int, int]:
    # struct module.mem since 6.4 (commit ac3b43283923), core_layout before.
    if target.has_member("struct module", "mem"):
        memory = module.mem[target.prog.constant("MOD_TEXT")]
        return memory.base.value_(), memory.size.value_()
    layout = module.core_layout
    return layout.base.value_(), layout.text_size.value_()


# All text that the kernel generated and no symbol covers, as one look-up.


class GeneratedText:
    """Finds the region an address is in; regions never overlap, they are allocations."""

    def __init__(self, regions: Iterable[CodeRegion]) -> None:
        self._regions = sorted(regions, key=lambda region: region.low)
        self._lows = [region.low for region in self._regions]

    @property
    def regions(self) -> tuple[CodeRegion, ...]:
        """Every region, ascending."""
        return tuple(self._regions)

    def at(self, address: int) -> CodeRegion | None:
        """The region that holds ``address``, or None."""
        i = bisect_right(self._lows, address)
        if i and address in self._regions[i - 1]:
            return self._regions[i - 1]
        return None
