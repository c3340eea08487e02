# SPDX-License-Identifier: LGPL-2.1-or-later
import errno
import re
from pathlib import Path

import pytest

from inspector.facts.uapi import errno_name, is_errno

MASK = (1 << 64) - 1


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (-38, "-ENOSYS"),
        (-4, "-EINTR"),
        (-512, "-ERESTARTSYS"),
        (0, None),
        (57, None),
        (-4096, None),
        (0xFFFF888000000000, None),
    ],
)
def test_only_negative_errnos_have_a_name(value: int, name: str | None) -> None:
    assert errno_name(value & MASK) == name


def test_every_error_of_the_headers_has_its_name() -> None:
    """The generic headers' first name of a number is the one that kernel sources use."""
    directory = Path("/usr/include/asm-generic")
    text = "".join((directory / f"errno{part}.h").read_text() for part in ("-base", ""))
    numbers: dict[int, str] = {}
    for name, number in re.findall(r"#define\s+(E\w+)\s+(\d+)", text):
        numbers.setdefault(int(number), name)
    assert len(numbers) > 130
    assert {n: errno_name(-n & MASK) for n in numbers} == {n: f"-{e}" for n, e in numbers.items()}
    assert set(errno.errorcode) <= set(numbers)


def test_the_last_page_of_addresses_but_its_first_byte_is_errors() -> None:
    assert is_errno(-1 & MASK)
    assert is_errno(-4095 & MASK)
    assert not is_errno(-4096 & MASK)
    assert not is_errno(0)
