# SPDX-License-Identifier: LGPL-2.1-or-later
"""What kernels' kprobes can do: decided by symbols and text, held against their releases.

The releases are those of the commits that brought each feature.
"""

from __future__ import annotations

import re

import pytest

from inspector.kernel.kprobe_features import (
    KprobeBlacklist,
    in_forbidden_section,
    kprobe_features,
    skips_endbr,
)
from inspector.model.stack import TextRange
from inspector.target.target import Target

# NOKPROBE_SYMBOL() or noinstr in every kernel since 5.8.
REFUSED = ("kprobe_int3_handler", "get_kprobe", "do_syscall_64", "asm_exc_int3", "exc_nmi")
TAKEN = ("vfs_read", "schedule_timeout", "ksys_write")


def release_of(target: Target) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", target.kernel.release)
    assert found is not None
    return int(found[1]), int(found[2])


def test_features_came_with_their_releases(target: Target, name: str) -> None:
    release, features = release_of(target), kprobe_features(target)
    assert features.available
    assert features.on_ftrace
    assert features.optprobes
    assert features.all_disarmed is False
    assert features.emulates is (release >= (5, 10))  # 6256e668b7af, and stable's 5.10
    assert features.ftrace_first is (release < (5, 19))
    assert features.refuses_traps is (release >= (6, 9))
    assert features.ftrace_stores_zero is True
    assert features.slot_size == 15  # MAX_INSN_SIZE
    assert features.refuses_cfi is (name == "kcfi-7.3")  # built with it


def test_a_build_for_ibt_looks_for_endbr(target: Target) -> None:
    """Debian's kernels since 6.3 have CONFIG_X86_KERNEL_IBT; in each, functions begin with it."""
    entry = target.symbols.address_of("vfs_read")
    assert entry is not None
    begins = target.read(entry, 4)
    sealed_or_not = begins in (b"\xf3\x0f\x1e\xfa", b"\x66\x0f\x1f\x00", b"\x0f\x1f\x40\xd6")
    assert skips_endbr(target) or not sealed_or_not


@pytest.mark.parametrize("symbol", REFUSED)
def test_what_no_kernel_lets_probe_is_on_its_blacklist(target: Target, symbol: str) -> None:
    address = target.symbols.address_of(symbol)
    assert address is not None
    found = KprobeBlacklist(target).at(address)
    assert isinstance(found, TextRange)
    assert address in found


@pytest.mark.parametrize("symbol", TAKEN)
def test_what_every_kernel_lets_probe_is_on_none(target: Target, symbol: str) -> None:
    address = target.symbols.address_of(symbol)
    assert address is not None
    blacklist = KprobeBlacklist(target)
    assert blacklist.unread is None
    assert blacklist.at(address) is None
    assert not in_forbidden_section(target, symbol)


def test_entry_code_lies_in_a_section_that_takes_none(target: Target) -> None:
    assert in_forbidden_section(target, "entry_SYSCALL_64")
    assert in_forbidden_section(target, "asm_exc_page_fault")
    assert not in_forbidden_section(target, "no_such_symbol")
