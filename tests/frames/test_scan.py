# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from inspector.frames.scan import kernel_frames

# As an int3 frame on a real 6.1 kernel: ip, cs, flags, sp, ss.
KERNEL = {16: 0xFFFFFFFFB14948B6, 17: 0x10, 18: 0x246, 19: 0xFFFFCC430049FC80, 20: 0x18}


def words(**changed: int) -> list[int]:
    stack = [0] * 40
    for index, word in (KERNEL | {int(k[1:]): v for k, v in changed.items()}).items():
        stack[5 + index] = word
    return stack


def test_a_frame_of_kernel_mode_is_found_where_it_lies() -> None:
    assert list(kernel_frames(words())) == [5]


def test_a_null_ss_is_plausible_after_an_entry_from_user_mode() -> None:
    assert list(kernel_frames(words(w20=0))) == [5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"w17": 0x33},
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
    assert list(kernel_frames(words(**wrong))) == []


def test_a_frame_cut_by_the_end_is_not_found() -> None:
    assert list(kernel_frames(words()[: 5 + 20])) == []
    assert list(kernel_frames(words()[: 5 + 21])) == [5]
