# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from inspector.facts.uapi import errno_name

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
