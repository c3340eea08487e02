# SPDX-License-Identifier: LGPL-2.1-or-later
from pathlib import Path

import pytest
from drgn import Program, Symbol, SymbolBinding, SymbolKind

from inspector.errors import TargetError
from inspector.target.symbols import system_map_symbols

_MAP = """\
0000000000000000 D __per_cpu_start
0000000000001000 d cpu_number
ffffffff81000000 T _stext
ffffffff81000040 t helper
ffffffff81000050 W weak
ffffffff82600000 D init_uts_ns
ffffffff82700000 B prb
"""

_INFO = {
    "SYMBOL(_stext)": "ffffffff96000000",
    "SYMBOL(init_uts_ns)": "ffffffff97600000",
    "SYMBOL(prb)": "ffffffff97700000",
    "SYMBOL(mem_section)": "ffff94cd5ffd3000",
    "KERNELOFFSET": "15000000",
}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "System.map"
    path.write_text(text)
    return path


def symbol(tmp_path: Path, name: str, info: dict[str, str] = _INFO) -> Symbol:
    index = system_map_symbols(write(tmp_path, _MAP), info)
    (found,) = index(Program(), name, None, False)
    return found


def test_the_image_is_moved_as_kaslr_moved_it(tmp_path: Path) -> None:
    assert symbol(tmp_path, "helper").address == 0xFFFFFFFF96000040
    assert symbol(tmp_path, "prb").address == 0xFFFFFFFF97700000


def test_per_cpu_offsets_are_not_moved(tmp_path: Path) -> None:
    assert symbol(tmp_path, "cpu_number").address == 0x1000


def test_a_symbol_ends_where_the_next_begins_but_not_after_a_gap(tmp_path: Path) -> None:
    assert symbol(tmp_path, "helper").size == 0x10
    assert symbol(tmp_path, "weak").size == 0
    assert symbol(tmp_path, "prb").size == 0


def test_the_letter_says_binding_and_kind(tmp_path: Path) -> None:
    helper, weak = symbol(tmp_path, "helper"), symbol(tmp_path, "weak")
    assert (helper.binding, helper.kind) == (SymbolBinding.UNKNOWN, SymbolKind.FUNC)
    assert weak.binding is SymbolBinding.WEAK
    assert symbol(tmp_path, "prb").binding is SymbolBinding.GLOBAL


def test_without_kerneloffset_stext_tells_the_offset(tmp_path: Path) -> None:
    info = {key: value for key, value in _INFO.items() if key != "KERNELOFFSET"}
    assert symbol(tmp_path, "helper", info).address == 0xFFFFFFFF96000040


@pytest.mark.parametrize(
    "changed",
    [
        {"SYMBOL(init_uts_ns)": "ffffffff97600040"},
        {"SYMBOL(prb)": "ffffffff97700008"},
        {"KERNELOFFSET": "15200000"},
        {"SYMBOL(_stext)": "ffffffff96200000"},
    ],
)
def test_the_map_of_another_kernel_is_refused(tmp_path: Path, changed: dict[str, str]) -> None:
    path = write(tmp_path, _MAP)
    with pytest.raises(TargetError) as caught:
        system_map_symbols(path, _INFO | changed)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    "text", ["", "hello\n", "ffffffffffffffff B The real System.map is in the -dbg package\n"]
)
def test_what_is_no_system_map_is_refused(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(TargetError, match=str(path)):
        system_map_symbols(path, _INFO)


def test_vmcoreinfo_without_stext_cannot_be_checked(tmp_path: Path) -> None:
    with pytest.raises(TargetError):
        system_map_symbols(write(tmp_path, _MAP), {})


def test_a_path_that_does_not_exist_and_a_directory(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(TargetError, match=str(path)):
            system_map_symbols(path, _INFO)
