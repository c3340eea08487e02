# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a real kernel. That the search finds them is tests/guest/test_matrix.py's: a small dump has
not all that is searched.
"""

import pytest
from drgn import Program

from inspector.errors import TargetError
from inspector.target.kallsyms import find_tables, vmlinux_kallsyms
from inspector.target.open import open_core
from inspector.target.spec import TargetKind, TargetSpec
from inspector.target.target import vmcoreinfo


@pytest.fixture(scope="module")
def prog() -> Program:
    return open_core(TargetSpec(TargetKind.DEMO))[0]


def test_where_vmcoreinfo_names_them_nothing_is_searched(prog: Program) -> None:
    assert find_tables(prog, vmcoreinfo(prog)) is None


def test_where_nothing_is_found_the_error_says_what_to_give(prog: Program) -> None:
    with pytest.raises(TargetError, match="--system-map") as caught:
        vmlinux_kallsyms(prog, {}, "dump", None)
    assert "\n" not in str(caught.value)
