# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shipped tables against the UAPI headers of this machine (linux-libc-dev)."""

import re
from pathlib import Path

import pytest

from inspector.facts.uapi import Abi, names

HEADERS = Path("/usr/include/x86_64-linux-gnu/asm")
FILES = {Abi.X86_64: "unistd_64.h", Abi.IA32: "unistd_32.h", Abi.X32: "unistd_x32.h"}


@pytest.mark.parametrize("abi", list(Abi))
def test_every_number_of_the_installed_headers_has_that_name(abi: Abi) -> None:
    text = (HEADERS / FILES[abi]).read_text()
    pairs = re.findall(r"#define __NR_(\w+) \(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?", text)
    assert len(pairs) > 300
    wrong = {name: number for name, number in pairs if names(abi).get(int(number)) != name}
    assert not wrong


@pytest.mark.parametrize("abi", list(Abi))
def test_a_table_has_each_name_once(abi: Abi) -> None:
    table = names(abi)
    assert len(set(table.values())) == len(table)


def test_the_numbers_everyone_knows() -> None:
    assert names(Abi.X86_64)[57] == "fork"
    assert names(Abi.X86_64)[4] == "stat"
    assert names(Abi.X86_64)[29] == "shmget"
    assert names(Abi.IA32)[29] == "pause"
    assert names(Abi.X32)[512] == "rt_sigaction"
