# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where an instruction accesses memory, how and how wide: against an emulated CPU (Unicorn).

Every instruction is run with registers that point nowhere; the emulator tells its first access.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest
import unicorn
from unicorn import x86_const

from inspector.errors import InspectorError
from inspector.explain.access import faulting_access
from inspector.formats.x86 import decode
from inspector.model.access import AccessFacts, AccessKind, FaultingAccess
from inspector.queries.target import open_target_source
from inspector.target.spec import TargetKind, TargetSpec, shipped_names

CODE = 0x10_0000_0000
GS_BASE = 0x30_0000_0000
NAMES = {name: f"R{name.upper()}" for name in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp")}
NAMES |= {f"r{number}": f"R{number}" for number in range(8, 16)}
KINDS = {
    unicorn.UC_MEM_READ_UNMAPPED: (AccessKind.READ, AccessKind.READ_WRITE),
    # QEMU goes to a locked instruction's place by a write at once.
    unicorn.UC_MEM_WRITE_UNMAPPED: (AccessKind.WRITE, AccessKind.READ_WRITE),
}
# What Unicorn does in parts of its own choice.
IN_PARTS = ("fxsave", "fxrstor", "xsave", "xrstor", "clflush")
IN_WORDS = (16, 32, 40, 10)  # more than QEMU accesses at once
PER_MNEMONIC = 20

# What kernel text has rarely, or in an altered form: stores that look like loads, and the stack.
RARE = (
    *("0fc307", "0f2b07", "660fe707", "660f7f07", "0f2907", "f30f7f07", "660fd607", "0f1307"),
    *("d917", "dd1f", "db1f", "df3f", "d93f", "d92f", "0fae1f", "0fae17", "0f9407", "668c07"),
    *("a4", "48a5", "f3a4", "aa", "ac", "ae", "a6", "6c", "6e", "d7", "c9", "c3", "48cf", "9c"),
    *("ff37", "8f07", "8f442408", "c8100000", "ff10", "ff542408", "ff2500000010", "6650", "6658"),
    *("660ff7c1", "f0480fc70f", "f00fc70f", "480fba2f03", "480fab37", "0fa337", "66448907"),
    *("0f0107", "0f010f", "0f0127", "65890425c0000200", "67488b07", "48a18877665544000000"),
    *("c7476000000000", "f30fb80f", "660f3a160701", "660f3a140701"),
)


class Emulator:
    """A CPU with one page of code and no other memory."""

    def __init__(self) -> None:
        self._cpu = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
        self._cpu.mem_map(CODE, 0x1000)
        self._met: list[tuple[int, int, int]] = []
        self._cpu.hook_add(unicorn.UC_HOOK_MEM_UNMAPPED, self._meet)

    def first_access(self, code: bytes, registers: dict[str, int]) -> tuple[int, int, int] | None:
        """Unicorn's kind, the address and the size; None for an instruction that accesses none."""
        self._met.clear()
        self._cpu.mem_write(CODE, code + b"\x90" * 16)
        for name, value in registers.items():
            self._cpu.reg_write(getattr(x86_const, f"UC_X86_REG_{NAMES[name]}"), value)
        self._cpu.reg_write(x86_const.UC_X86_REG_GS_BASE, GS_BASE)
        self._cpu.reg_write(x86_const.UC_X86_REG_EFLAGS, 2)
        with suppress(unicorn.UcError):
            self._cpu.emu_start(CODE, CODE + len(code), count=1)
        return self._met[0] if self._met else None

    def _meet(
        self, _cpu: object, kind: int, address: int, size: int, _value: int, _data: object
    ) -> bool:
        self._met.append((kind, address, size))
        return False


def ours(code: bytes, registers: dict[str, int]) -> FaultingAccess:
    facts = AccessFacts(vector=14, gs_base=GS_BASE)
    found = faulting_access(code, {**registers, "ip": CODE, "flags": 2}, facts)
    assert found is not None
    return found


def kernel_instructions() -> Iterator[tuple[str, bytes]]:
    """Those that stand in the shipped dumps' kernel text, each encoding once."""
    seen: Counter[str] = Counter()
    codes = set()
    for text, code in (pair for name in shipped_names() for pair in text_of(name)):
        mnemonic = text.split()[0]
        if code not in codes and seen[mnemonic] < PER_MNEMONIC:
            codes.add(code)
            seen[mnemonic] += 1
            yield text, code


def text_of(name: str) -> Iterator[tuple[str, bytes]]:
    with open_target_source(TargetSpec(TargetKind.DEMO, name)) as source:
        target = source.target
        low = target.symbols.address_of("_stext") or 0
        high = target.symbols.address_of("_etext") or 0
        for page in range(low, high, 4096):
            try:
                text = target.read(page, 4096)
            except InspectorError:
                continue
            for one in decode(text, page).instructions:
                if "[" in one.text or one.text.startswith(("push", "pop", "call", "ret", "leave")):
                    yield one.text, text[one.address - page : one.end - page]


def registers_for(code: bytes, random_: random.Random) -> dict[str, int]:
    """Pointers to nowhere, and small numbers where the instruction multiplies or counts bits."""
    registers = {
        name: random_.choice((0x20_0000_0000, 0x7F00_0000_0000)) + 16 * random_.randrange(1 << 26)
        for name in NAMES
    }
    for operand in ours(code, registers).operands:
        for term in operand.terms[1:]:
            name = term.register.split()[0]
            if name in NAMES:
                registers[name] = random_.randrange(1 << 16)
    return registers


def differs(emulator: Emulator, text: str, code: bytes, random_: random.Random) -> str:
    registers = registers_for(code, random_)
    met, found = emulator.first_access(code, registers), ours(code, registers)
    if met is None:
        explicit = [one.text for one in found.operands if not one.implicit]
        return f"{text}: no access, not {explicit}" if explicit else ""
    kind, address, size = met
    for one in found.operands:
        same_size = one.size == size or (one.size in IN_WORDS and size in (2, 4, 8))
        if one.address == address and one.kind in KINDS[kind] and same_size:
            return ""
    return f"{text}: {kind} of {size} at {address:#x}, not {found.operands}"


@pytest.fixture(scope="module")
def emulator() -> Emulator:
    return Emulator()


def test_the_kernels_own_instructions(emulator: Emulator) -> None:
    random_, wrong, count = random.Random(6), [], 0
    for text, code in kernel_instructions():
        if not text.replace("lock ", "").startswith(IN_PARTS):
            count += 1
            wrong.append(differs(emulator, text, code, random_))
    assert [one for one in wrong if one] == []
    assert count > 150


@pytest.mark.parametrize("code", RARE)
def test_rare_instructions(emulator: Emulator, code: str) -> None:
    data = bytes.fromhex(code)
    assert differs(emulator, code, data, random.Random(7)) == ""
