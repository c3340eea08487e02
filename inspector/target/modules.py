# SPDX-License-Identifier: LGPL-2.1-or-later
"""Symbols of loaded modules, from the kernel's own copy of their tables."""

from drgn import Program, SymbolIndex
from drgn.helpers.linux.kallsyms import module_kallsyms
from drgn.helpers.linux.module import for_each_module

from inspector.target.symbols import Symbols


def add_module_symbols(prog: Program, symbols: Symbols) -> None:
    """Let ``symbols`` cover every module on the ``modules`` list.

    :raises drgn.FaultError: if the list or a table is not readable; what came before stays
    """
    for module in for_each_module(prog):
        name = module.name.string_().decode("ascii", "replace")
        symbols.add_module(name, SymbolIndex(module_kallsyms(module)))
