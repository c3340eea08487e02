# SPDX-License-Identifier: LGPL-2.1-or-later
"""An open target: memory, types, symbols, identity."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from drgn import FaultError, Program, ProgramFlags, Type, offsetof, sizeof

from inspector.errors import TargetError, Unreadable
from inspector.formats.btf import Btf
from inspector.model.evidence import Missing
from inspector.model.machine import KernelIdentity, TargetIdentity
from inspector.model.stack import Location
from inspector.target.dump_memory import DumpMemory
from inspector.target.faults import is_drgns, lost, reading, unreadable
from inspector.target.symbols import Symbols

# More zeros than an instruction, or an entry of the kernel's tables of text, has in a row.
_UNLIKELY = bytes(9)


class Target:
    """A kernel that can be read. One thread at a time: drgn allows no more.

    :ivar prog: the drgn program
    :ivar cpu_registers: CPU number → registers, where someone other than drgn tells them
    :ivar moving: whether the kernel runs on while it is read
    :ivar missing: what could not be had while opening, said in every answer
    :ivar btf: where types come from, None for DWARF
    :param memory: of the dump, where drgn need not be asked
    :param zeros_unsure: the dump was distilled, and has no map
    """

    def __init__(
        self,
        prog: Program,
        identity: TargetIdentity,
        kernel: KernelIdentity,
        symbols: Symbols,
        missing: tuple[Missing, ...],
        cpu_registers: Mapping[int, Mapping[str, int]],
        btf: Btf | None,
        memory: DumpMemory | None = None,
        zeros_unsure: bool = False,
    ) -> None:
        self.prog = prog
        self.identity = identity
        self.kernel = kernel
        self.symbols = symbols
        self.missing = missing
        self.cpu_registers = cpu_registers
        self.moving = bool(prog.flags & ProgramFlags.IS_LIVE) and not cpu_registers
        self.btf = btf
        self._memory = memory
        self._zeros_unsure = zeros_unsure

    @property
    def is_live(self) -> bool:
        """Whether drgn reads the running kernel."""
        return bool(self.prog.flags & ProgramFlags.IS_LIVE)

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes of kernel virtual memory.

        :raises Unreadable: if any of them is missing
        :raises TargetLost: if nothing can be read any more
        """
        if self._memory is not None:
            found = self._memory.read(address, size)
            if found is not None:
                return found
        return self._read_by_drgn(address, size)

    def certain(self, address: int, size: int) -> bytes:
        """Read as :meth:`read` does, and fail where a zero left by distilling would mislead.

        A dump that was distilled without a map does not tell its zeros from the kernel's.

        :raises Unreadable: if any byte is missing, or it cannot be told
        """
        data = self.read(address, size)
        if self._zeros_unsure and data and (_UNLIKELY in data or not any(data)):
            why = "zeros, in a dump distilled without a map of its bytes"
            raise Unreadable(address, size, why, "not-in-dump")
        return data

    def beginning(self, address: int, size: int) -> bytes:
        """Read a few bytes at the beginning of a page that nothing else is going to read.

        :raises Unreadable: if any of them is missing
        """
        if self._memory is not None:
            found = self._memory.beginning(address, size)
            if found is not None:
                return found
        return self._read_by_drgn(address, size)

    def _read_by_drgn(self, address: int, size: int) -> bytes:
        try:
            data: bytes = self.prog.read(address, size)
            return data
        except FaultError as error:
            raise unreadable(error, size) from None
        except OverflowError:
            raise Unreadable(address, size, "not an address", "not-an-address") from None
        except Exception as error:
            if not isinstance(error, OSError) and not is_drgns(error):
                raise
            raise lost(self.identity.path or self.identity.kind, error) from None

    def words(self, address: int, count: int) -> tuple[int, ...]:
        """``count`` 64-bit little-endian words from ``address`` up.

        :raises Unreadable: if any of them is missing
        """
        return struct.unpack(f"<{count}Q", self.read(address, 8 * count))

    def word(self, address: int) -> int:
        """The 64-bit word at ``address``.

        :raises Unreadable: if it is missing
        """
        return int.from_bytes(self.read(address, 8), "little")

    def readable_word(self, address: int) -> int | None:
        """The 64-bit word at ``address``, or None where it is missing."""
        try:
            return self.word(address)
        except Unreadable:
            return None

    def locate(self, address: int) -> Location | None:
        """The symbol that covers ``address``, or None."""
        return self.symbols.locate(address)

    def type(self, name: str) -> Type:
        """The type called ``name``.

        :raises TargetError: if the target's types do not have it
        """
        with reading(name):
            return self.prog.type(name)

    def sizeof(self, name: str) -> int:
        """The size in bytes of the type called ``name``.

        :raises TargetError: if the target's types do not have it
        """
        with reading(name):
            return int(sizeof(self.prog.type(name)))

    def offsetof(self, name: str, member: str) -> int:
        """Offset in bytes of ``member`` (which may be ``a.b``) in the type called ``name``.

        :raises TargetError: if there is no such type or member
        """
        with reading(f"{name}.{member}"):
            return int(offsetof(self.prog.type(name), member))

    def sizeof_member(self, name: str, member: str) -> int:
        """Size in bytes of ``member`` in the type called ``name``.

        :raises TargetError: if there is no such type or member
        """
        with reading(f"{name}.{member}"):
            return int(sizeof(self.prog.type(name).member(member).type))

    def has_member(self, name: str, member: str) -> bool:
        """Whether the type called ``name`` exists and has ``member``."""
        try:
            offsetof(self.prog.type(name), member)
        except LookupError:
            return False
        return True


def vmcoreinfo(prog: Program) -> dict[str, str]:
    """Its ``KEY=VALUE`` lines; ``SYMBOL(x)`` and the like are keys as they stand.

    :raises TargetError: if the program has none
    """
    try:
        text = prog["VMCOREINFO"].string_().decode("ascii", "replace")
    except LookupError:
        raise TargetError("no VMCOREINFO note, so its kernel is unknown") from None
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def variable(target: Target, symbol: str) -> int | None:
    """The address of the variable ``symbol``; None where the kernel was built without it.

    :raises TargetError: if the symbols have no variables, and so cannot tell
    """
    address = target.symbols.address_of(symbol)
    if address is None and not target.symbols.have_variables:
        raise TargetError(
            f"{symbol}: the symbols have no variables (CONFIG_KALLSYMS_ALL is off); give"
            " --system-map, or --vmlinux with its symbols",
            "no-variables",
        )
    return address
