# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions by name, and the tables of instructions that somebody patches or looks up."""

from __future__ import annotations

from drgn.helpers.linux.module import for_each_module

from inspector.kernel.reserved_text import TextTables, within
from inspector.kernel.text import TextOwner, function_at, section
from inspector.model.probe import ReservedFor
from inspector.target.target import Target

UD2, LEA = b"\x0f\x0b", b"\x8d"


def tables(target: Target) -> TextTables:
    return TextTables(target, TextOwner(target, None))


def text_of_kernel(target: Target) -> range:
    found = TextOwner(target, None).text()
    assert found is not None
    return range(found.low, found.high)


def test_a_function_is_the_one_that_drgn_names(target: Target) -> None:
    for name in ("vfs_read", "schedule", "kernel_clone", "panic"):
        address = target.symbols.address_of(name)
        assert address is not None
        location, function = function_at(target, address + 5)
        symbol = target.prog.symbol(address + 5)
        assert (location.offset, function.low) == (5, symbol.address)
        assert address + 5 in range(function.low, function.high)
        following = target.prog.symbols(function.high)
        assert function.high - function.low == symbol.size
        assert all(symbol.address != function.low for symbol in following)


def test_the_kernels_text_holds_its_functions_and_not_its_data(target: Target) -> None:
    text = text_of_kernel(target)
    for name, inside in (("vfs_read", True), ("asm_exc_nmi", True), ("init_task", False)):
        assert (target.symbols.address_of(name) in text) is inside
    assert section(target, "no_such_start", "no_such_stop", "nothing") is None


def test_a_modules_text_holds_its_functions(target: Target) -> None:
    for module in for_each_module(target.prog):
        name = module.name.string_().decode()
        text = TextOwner(target, name).text()
        assert text is not None
        assert text.low % 4096 == 0
        assert text.low < text.high
        owner = target.locate(module.exit.value_()) if module.exit else None
        if owner is not None and owner.module == name:
            assert module.exit.value_() in text


def test_every_entry_points_into_text(target: Target) -> None:
    text = text_of_kernel(target)
    found = tables(target)
    for entry in found.reserved(text.start, text.stop):
        assert entry.low in text
    faulting = found.faulting(text.start, text.stop)
    assert len(faulting) > 300
    # Of kCFI's traps a kernel without it has no table.
    built_with = target.symbols.address_of("__start___kcfi_traps") is not None
    traps = found.cfi_traps(text.start, text.stop)
    assert bool(traps) is built_with
    assert all(trap in text for trap in traps)


def test_bug_entries_are_of_ud2(target: Target) -> None:
    text = text_of_kernel(target)
    of_bugs = [
        e for e in tables(target).reserved(text.start, text.stop) if e.kind is ReservedFor.BUG
    ]
    assert len(of_bugs) > 1000
    readable = 0
    for entry in of_bugs:
        word = target.readable_word(entry.low)
        if not word:
            continue  # a small dump has little text
        code = word.to_bytes(8, "little")
        # Since 6.19 a WARN() may be UD1 with its arguments, or begin behind the LEA of its entry.
        newer = b"\x0f\xb9" in code[:4] or target.read(entry.low - 6, 1) == LEA
        assert code.startswith(UD2) or newer
        readable += 1
    assert readable > 20


def test_within_is_half_open() -> None:
    assert within([1, 3, 5, 7], 3, 7) == [3, 5]
    assert within([], 0, 9) == []
