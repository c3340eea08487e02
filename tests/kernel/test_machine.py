# SPDX-License-Identifier: LGPL-2.1-or-later
from inspector.kernel.machine import TAINTS, taints_of


def test_letters_are_unique() -> None:
    letters = [letter for letter, _meaning in TAINTS]
    assert len(set(letters)) == len(letters)


def test_bits_become_letters() -> None:
    # include/linux/panic.h: TAINT_OOT_MODULE is 12, TAINT_UNSIGNED_MODULE 13.
    assert [taint.letter for taint in taints_of(1 << 12 | 1 << 13)] == ["O", "E"]
    assert taints_of(0) == ()


def test_a_bit_that_nobody_knows_is_said() -> None:
    (taint,) = taints_of(1 << 40)
    assert (taint.bit, taint.letter) == (40, "?")
    assert "40" in taint.meaning
