# SPDX-License-Identifier: LGPL-2.1-or-later
"""ftrace's sites and trampolines, against the text of the kernels that they are in."""

from __future__ import annotations

from itertools import combinations, pairwise

from inspector.errors import InspectorError
from inspector.kernel.ftrace import (
    SITE_SIZE,
    FtraceSites,
    ftrace_trampolines,
    stores_zero_in_orig_ax,
)
from inspector.model.stack import TextRange
from inspector.target.target import Target

NOPS = ("0f1f440000", "6666666690")  # BYTES_NOP5, and K8_NOP5_ATOMIC until 5.13
CALL = 0xE8


def entry_of(target: Target, symbol: str) -> int:
    address = target.symbols.address_of(symbol)
    assert address is not None, symbol
    return address


def test_sites_of_a_function_hold_a_call_or_its_nop(
    target: Target, whole_text: tuple[str, ...]
) -> None:
    sites = FtraceSites(target)
    assert sites.unread is None
    seen = 0
    for symbol in whole_text:
        if not symbol.startswith("__x64_sys_") or target.symbols.address_of(symbol) is None:
            continue
        entry = entry_of(target, symbol)
        for site in sites.within(entry, entry + 5):
            text = target.read(site, SITE_SIZE)
            assert text.hex() in NOPS or text[0] in (CALL, 0xCC)
            seen += 1
    assert seen > 200 or not whole_text


def test_an_address_in_a_site_is_in_that_site_and_in_no_other(target: Target) -> None:
    sites = FtraceSites(target)
    entry = entry_of(target, "vfs_read")
    (site,) = sites.within(entry, entry + 64)
    for address in range(site, site + SITE_SIZE):
        found = sites.at(address)
        assert isinstance(found, TextRange)
        assert (found.low, found.high) == (site, site + SITE_SIZE)
    assert sites.at(site - 1) is None
    assert sites.at(site + SITE_SIZE) is None
    assert sites.of_function(site, TextRange(entry, entry + 64, "vfs_read")) == sites.at(site)


def test_entry_code_has_no_site(target: Target) -> None:
    sites = FtraceSites(target)
    for low, high in (
        ("__entry_text_start", "__entry_text_end"),
        ("__noinstr_text_start", "__noinstr_text_end"),
    ):
        assert sites.within(entry_of(target, low), entry_of(target, high)) == []


def test_sites_lie_apart(target: Target) -> None:
    sites = FtraceSites(target)
    low = entry_of(target, "vfs_read")
    found = sites.within(low, low + (1 << 16))
    assert len(found) > 20
    assert all(other - one >= SITE_SIZE for one, other in pairwise(found))


def test_a_trampoline_is_a_copy_of_the_kernels_caller(target: Target) -> None:
    regions = ftrace_trampolines(target)
    for one, other in combinations(regions, 2):
        assert one.high <= other.low or other.high <= one.low
    for region in regions:
        assert region.low % 4096 == 0  # a page of its own
        assert target.locate(region.low) is None
        original = "ftrace_regs_caller" if region.saves_regs else "ftrace_caller"
        try:
            copied = target.read(region.low, 16)
        except InspectorError:
            continue  # a small dump keeps what frames lead to
        assert copied == target.read(entry_of(target, original), 16)


def test_every_kernel_of_these_stores_zero(target: Target) -> None:
    """Commit 562955fe6a55, 5.7: the oldest of them is 5.10."""
    assert stores_zero_in_orig_ax(target, "ftrace_regs_caller") is True
    assert stores_zero_in_orig_ax(target, "no_such_caller") is None
