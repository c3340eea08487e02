# SPDX-License-Identifier: LGPL-2.1-or-later
import struct

import pytest

from inspector.frames.scan import kernel_frames
from inspector.model.frame import FoundIn
from inspector.model.origin import Origin
from tests.frames.conftest import Dump

# As an int3 frame on a real 6.1 kernel: ip, cs, flags, sp, ss.
KERNEL = {16: 0xFFFFFFFFB14948B6, 17: 0x10, 18: 0x246, 19: 0xFFFFCC430049FC80, 20: 0x18}


def stack(words: int = 40, /, **changed: int) -> bytes:
    content = [0] * 40
    for index, word in (KERNEL | {int(k[1:]): v for k, v in changed.items()}).items():
        content[5 + index] = word
    return struct.pack(f"<{words}Q", *content[:words])


def test_a_frame_of_kernel_mode_is_found_where_it_lies() -> None:
    assert list(kernel_frames(stack())) == [5 * 8]


def test_a_null_ss_is_plausible_after_an_entry_from_user_mode() -> None:
    assert list(kernel_frames(stack(w20=0))) == [5 * 8]


def test_what_fred_writes_beside_ss_is_no_part_of_the_selector() -> None:
    assert list(kernel_frames(stack(w20=0x0003_000E_0000_0018))) == [5 * 8]


# As a CPU with FRED pushed them on a real 7.2 kernel: ip, cs, flags, sp, ss of an NMI that
# interrupted level 1, and of an int3 that interrupted level 2.
FRED = [
    (0xFFFFFFFF917331E2, 0x10010, 0x46, 0xFFFFFE3DF37EBBF8, 0x0202000200040018),
    (0xFFFFFFFFC06002C6, 0x20010, 0x46, 0xFFFFFE3DF37E8EB8, 0x1206000300000018),
]


@pytest.mark.parametrize("pushed", FRED)
def test_freds_stack_level_is_no_part_of_the_selector(pushed: tuple[int, ...]) -> None:
    words = {f"w{16 + at}": word for at, word in enumerate(pushed)}
    assert list(kernel_frames(stack(**words))) == [5 * 8]


@pytest.mark.parametrize(
    "wrong",
    [
        {"w17": 0x33},
        {"w17": 0x80010},
        {"w20": 0x2B},
        {"w18": 0x244},
        {"w18": 0x8246},
        {"w18": 0xFFFFFFFF00000246},
        {"w16": 0x431449},
        {"w19": 0x7FFDAFACB7D8},
        {"w19": 0xFFFFCC430049FC84},
    ],
)
def test_what_no_cpu_pushes_is_not_found(wrong: dict[str, int]) -> None:
    assert list(kernel_frames(stack(**wrong))) == []


def test_a_frame_cut_by_the_end_is_not_found() -> None:
    assert list(kernel_frames(stack(5 + 20))) == []
    assert list(kernel_frames(stack(5 + 21))) == [5 * 8]


def test_a_word_that_only_looks_like_cs_between_two_words_is_not_found() -> None:
    assert list(kernel_frames(bytes(4) + stack() + bytes(4))) == []


def test_every_frame_of_kernel_mode_is_among_those_that_a_scan_offers(dump: Dump) -> None:
    """Of those that a trap built: ftrace's and return probes' write no whole frame."""
    offered = 0
    for frame in dump.frames:
        trapped = frame.vector is not None and frame.origin is not Origin.CRASH_NOTE
        if frame.user_mode or not trapped or frame.found_in is not FoundIn.STACK:
            continue
        data = dump.target.read(frame.address, 168)
        assert kernel_frames(data) == [0]
        # A byte further on no word of it is where a frame's would be.
        assert kernel_frames(data[8:] + bytes(8)) == []
        offered += 1
    assert offered > 0
