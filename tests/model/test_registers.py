# SPDX-License-Identifier: LGPL-2.1-or-later
import struct

import pytest

from inspector.model.registers import (
    PT_REGS_SIZE,
    REGISTER_NAMES,
    REGISTER_OFFSETS,
    Registers,
    as_int32,
    as_int64,
)


def test_words_are_decoded_in_memory_order() -> None:
    registers = Registers.from_bytes(struct.pack("<21Q", *range(21)))
    assert [value for _, value in registers.items()] == list(range(21))
    assert registers.orig_ax == 15
    assert registers["ss"] == 20


def test_names_and_offsets_are_those_of_ptrace_h() -> None:
    # arch/x86/include/uapi/asm/ptrace-abi.h: ORIG_RAX 120, RIP 128, CS 136, RSP 152, SS 160.
    offsets = {name: REGISTER_OFFSETS[name] for name in ("orig_ax", "ip", "cs", "sp", "ss")}
    assert offsets == {"orig_ax": 120, "ip": 128, "cs": 136, "sp": 152, "ss": 160}
    assert len(set(REGISTER_NAMES)) == 21
    assert PT_REGS_SIZE == 168


def test_too_few_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match=str(PT_REGS_SIZE)):
        Registers.from_bytes(bytes(167))


def test_selectors_are_masked_because_fred_shares_their_words() -> None:
    words = [0] * 21
    words[17], words[20] = 0x0003_0000_0033, 0x1234_0000_002B
    registers = Registers.from_bytes(struct.pack("<21Q", *words))
    assert (registers.cs_selector, registers.ss_selector) == (0x33, 0x2B)
    assert registers.user_mode


@pytest.mark.parametrize(
    ("word", "as_int", "as_long"),
    [
        (57, 57, 57),
        (0xFFFFFFFFFFFFFFFF, -1, -1),
        (0x00000000FFFFFFFF, -1, 0xFFFFFFFF),
        (0xFFFFFFFFFFFFFFDA, -38, -38),
    ],
)
def test_words_as_c_integers(word: int, as_int: int, as_long: int) -> None:
    assert (as_int32(word), as_int64(word)) == (as_int, as_long)
