# SPDX-License-Identifier: LGPL-2.1-or-later
import pytest

from inspector.model.task import escape_comm


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"forker\0\0\0\0", "forker"),
        (b"kworker/0:1-mm_\0", "kworker/0:1-mm_"),
        (b"\x1b[31mred\x1b[0m\0", "\\x1b[31mred\\x1b[0m"),
        (b"a\\b", "a\\\\b"),
        (b"caf\xc3\xa9", "café"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\xc2\x9b31m", "\\x9b31m"),
        (b"ab\xe2\x80\xaecd", "ab\\u202ecd"),
        (b"two\nlines", "two\\x0alines"),
        (b"[red]<b>=1+1", "[red]<b>=1+1"),
        (b"end\0hidden", "end"),
    ],
)
def test_names_chosen_by_an_enemy_become_printable(raw: bytes, shown: str) -> None:
    assert escape_comm(raw) == shown
    assert shown.isprintable()
