# SPDX-License-Identifier: LGPL-2.1-or-later
"""Symbols of modules, and of the kernel, are those that drgn's own helpers find."""

import pytest
from drgn import Program, SymbolIndex
from drgn.helpers.linux.kallsyms import load_vmlinux_kallsyms, module_kallsyms
from drgn.helpers.linux.module import for_each_module

from inspector.opening import open_survey
from inspector.target.modules import add_module_symbols
from inspector.target.spec import TargetKind, TargetSpec, shipped_names
from inspector.target.symbols import Symbols

Named = tuple[str, int, int, str, str]


def all_of(prog: Program, index: SymbolIndex) -> list[Named]:
    return sorted(
        (s.name, s.address, s.size, s.binding.name, s.kind.name)
        for s in index(prog, None, None, False)
    )


@pytest.mark.parametrize("name", shipped_names())
def test_modules_have_the_symbols_that_drgn_finds(name: str) -> None:
    with open_survey(TargetSpec(TargetKind.DEMO, name)) as survey:
        prog = survey.target.prog
        expected = SymbolIndex([s for m in for_each_module(prog) for s in module_kallsyms(m)])
        symbols = Symbols(prog, SymbolIndex([]))
        add_module_symbols(prog, symbols)
        found = symbols.find(prog, None, None, False)
        assert len(found) > 50
        assert all_of(prog, SymbolIndex(found)) == all_of(prog, expected)


def test_the_kernel_has_the_symbols_that_drgn_finds() -> None:
    with open_survey(TargetSpec(TargetKind.DEMO)) as survey:
        prog = survey.target.prog
        expected = all_of(prog, load_vmlinux_kallsyms(prog))
        (index,) = [i for owner, i in survey.target.symbols._indexes() if owner is None]
        assert all_of(prog, index) == expected
