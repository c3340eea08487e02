# SPDX-License-Identifier: LGPL-2.1-or-later
"""A filter's value that cannot exist is bad usage, not an empty answer."""

from __future__ import annotations

import pytest

from tests.conftest import Inspector


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (("--syscall", "forkk"), "fork"),
        (("--syscall", "newstat"), "stat"),
        (("--syscall", "clone_3"), "clone3"),
        (("--syscall", "4294967295"), "2**31"),
        (("--cpu", "99"), "0-1"),
        (("--origin", "breakpoint"), "int3"),
    ],
)
@pytest.mark.parametrize("form", ["text", "json", "jsonl", "csv"])
def test_it_is_refused_with_what_there_is(
    inspector: Inspector, asked: tuple[str, str], named: str, form: str
) -> None:
    refused = inspector("frames", "--demo", *asked, "--format", form)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert named in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("asked", [("--syscall", "swapoff"), ("--syscall", "1000000")])
def test_one_that_could_exist_matches_nothing(inspector: Inspector, asked: tuple[str, str]) -> None:
    assert inspector("frames", "--demo", *asked).returncode == 1
