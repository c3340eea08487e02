# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a real kernel: what VMCOREINFO says is forgotten, and found again."""

import pytest
from drgn import Program, SymbolIndex
from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms

from inspector.errors import TargetError
from inspector.target.kallsyms import find_tables, load_tables, vmlinux_kallsyms
from inspector.target.kallsyms_memory import image_symbols
from inspector.target.open import open_core
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.vmcoreinfo import vmcoreinfo


@pytest.fixture(scope="module")
def prog() -> Program:
    return open_core(TargetSpec(TargetKind.DEMO))[0]


def forgetful(prog: Program) -> dict[str, str]:
    """VMCOREINFO as it was before 6.0."""
    return {key: value for key, value in vmcoreinfo(prog).items() if "(kallsyms_" not in key}


def contents(prog: Program, index: SymbolIndex) -> set[tuple[str, int, int]]:
    return {(s.name, s.address, s.size) for s in index(prog, None, None, False)}


def test_the_search_finds_what_vmcoreinfo_says(prog: Program) -> None:
    named = image_symbols(vmcoreinfo(prog))
    tables = find_tables(prog, forgetful(prog))
    assert tables is not None
    assert tables.vmcoreinfo() == {k: v for k, v in named.items() if k.startswith("kallsyms_")}


def test_the_symbols_are_the_same(prog: Program) -> None:
    tables = find_tables(prog, forgetful(prog))
    assert tables is not None
    expected = contents(prog, load_vmlinux_kallsyms(prog))
    assert contents(prog, load_tables(prog, tables)) == expected
    assert len(expected) > 80_000


def test_where_vmcoreinfo_names_them_nothing_is_searched(prog: Program) -> None:
    assert find_tables(prog, vmcoreinfo(prog)) is None


def test_where_nothing_is_found_the_error_says_what_to_give(prog: Program) -> None:
    with pytest.raises(TargetError, match="--system-map") as caught:
        vmlinux_kallsyms(prog, {}, "dump", None)
    assert "\n" not in str(caught.value)
