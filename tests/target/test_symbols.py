# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table that is kept answers as drgn's own index does, wherever the kernel was loaded."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from drgn import Program, Symbol, SymbolIndex

from inspector.target import kallsyms
from inspector.target.dump_memory import DumpMemory, dump_memory
from inspector.target.kallsyms import vmlinux_kallsyms
from inspector.target.open import core_path, open_core
from inspector.target.spec import TargetKind, TargetSpec, shipped_names
from inspector.target.symbols import SymbolLookUp, SymbolTable, alias_rank, decoded, encoded
from inspector.target.target import vmcoreinfo

BASE = 0xFFFF_FFFF_8100_0000
SHIFT = 0x1F20_0000
KERNEL_MAP = 0xFFFF_FFFF_8000_0000

Row = tuple[str, int, int, str, str]


def rows(symbols: object) -> list[Row]:
    assert isinstance(symbols, list)
    return sorted((s.name, s.address, s.size, s.binding.name, s.kind.name) for s in symbols)


def opened(name: str | None, *, with_cache: bool) -> tuple[Program, SymbolLookUp]:
    spec = TargetSpec(TargetKind.DEMO, name)
    prog, _identity = open_core(spec)
    info = vmcoreinfo(prog)
    memory = dump_memory(core_path(spec), info) if with_cache else None
    return prog, vmlinux_kallsyms(prog, info, "demo", None, memory)


@pytest.mark.parametrize("name", shipped_names())
def test_every_look_up_is_answered_as_by_drgn(name: str) -> None:
    prog, index = opened(name, with_cache=False)
    everything = list(index(prog, None, None, False))
    table = decoded(encoded(everything, BASE), BASE)
    assert rows(table(prog, None, None, False)) == rows(everything)
    chance = random.Random(name)
    for symbol in chance.sample(everything, 2000):
        inside = symbol.address + chance.randrange(max(1, min(symbol.size, 1 << 20)))
        questions: tuple[tuple[str | None, int | None], ...] = (
            (symbol.name, None),
            (None, symbol.address),
            (None, inside),
            (None, max(0, symbol.address - 1)),
            (None, (symbol.address + symbol.size) % (1 << 64)),
            (symbol.name, inside),
        )
        for called, at in questions:
            expected = rows(list(index(prog, called, at, False)))
            assert rows(table(prog, called, at, False)) == expected
        first = rows(list(index(prog, symbol.name, None, True)))
        assert rows(table(prog, symbol.name, None, True)) == first
    for absent in ("", "no_such_symbol", "_stext_"):
        assert table(prog, absent, None, False) == []
    for nowhere in (0xFFFF_8880_0000_0000, (1 << 64) - 1):
        expected = rows(list(index(prog, None, nowhere, False)))
        assert rows(table(prog, None, nowhere, False)) == expected


def test_what_the_kernel_map_holds_moves_and_per_cpu_offsets_stay() -> None:
    prog, index = opened(None, with_cache=False)
    everything = list(index(prog, None, None, False))
    table = decoded(encoded(everything, BASE), BASE + SHIFT)
    moved = [_moved(symbol) for symbol in everything]
    assert min(symbol.address for symbol in moved) < 1 << 20
    assert rows(table(prog, None, None, False)) == rows(moved)
    by_drgn = SymbolIndex(moved)
    for symbol in random.Random(1).sample(moved, 500):
        expected = rows(list(by_drgn(prog, None, symbol.address, False)))
        assert rows(table(prog, None, symbol.address, False)) == expected


def _moved(symbol: Symbol) -> Symbol:
    address = symbol.address + (SHIFT if symbol.address >= KERNEL_MAP else 0)
    return Symbol(symbol.name, address, symbol.size, symbol.binding, symbol.kind)


@pytest.fixture
def by_drgn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often symbols were not in the cache."""
    calls: list[str] = []
    real = kallsyms.symbols_by_drgn

    def watched(prog: Program, info: dict[str, str]) -> SymbolLookUp:
        calls.append(info["OSRELEASE"])
        return real(prog, info)

    monkeypatch.setattr(kallsyms, "symbols_by_drgn", watched)
    return calls


def test_the_second_time_symbols_come_from_the_cache(cache: Path, by_drgn: list[str]) -> None:
    prog, first = opened(None, with_cache=True)
    _, second = opened(None, with_cache=True)
    assert len(by_drgn) == 1
    assert isinstance(second, SymbolTable)
    assert rows(list(second(prog, None, None, False))) == rows(list(first(prog, None, None, False)))
    (file,) = cache.glob("*.symbols")
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at", [0, 30, 100, 100_000, -1])
def test_a_damaged_file_is_made_anew(cache: Path, by_drgn: list[str], at: int) -> None:
    opened(None, with_cache=True)
    (file,) = cache.glob("*.symbols")
    good = bytearray(file.read_bytes())
    bad = good.copy()
    bad[at] ^= 1
    file.write_bytes(bad)
    opened(None, with_cache=True)
    assert len(by_drgn) == 2
    assert file.read_bytes() == good


def test_other_tables_of_the_same_build_id_are_not_answered_from_it(
    cache: Path, by_drgn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(None, with_cache=True)
    real = kallsyms.tables_in

    def other(info: Mapping[str, str], memory: DumpMemory) -> object:
        source = real(info, memory)
        assert source is not None
        return source._replace(data=source.data[:-1] + b"x")

    monkeypatch.setattr(kallsyms, "tables_in", other)
    opened(None, with_cache=True)
    assert len(by_drgn) == 2
    assert len(list(cache.glob("*.symbols"))) == 2
    opened(None, with_cache=True)  # neither takes the other's place
    assert len(by_drgn) == 2


def test_the_syscall_tables_name_wins_over_its_aliases() -> None:
    aliases = [("__do_sys_fork", False), ("__ia32_sys_fork", True), ("__x64_sys_fork", True)]
    assert min(aliases, key=lambda alias: alias_rank(*alias))[0] == "__x64_sys_fork"


def test_a_global_wins_over_a_local_and_the_shorter_over_the_longer() -> None:
    assert alias_rank("zzz", True) < alias_rank("a", False)
    assert alias_rank("schedule", True) < alias_rank("schedule_alias", True)
