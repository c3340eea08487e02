# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sites of probes by name and by address, against the kprobes that these kernels have."""

from __future__ import annotations

import pytest

from inspector.errors import NothingMatched
from inspector.kernel.kprobes import Kprobes
from inspector.kernel.probe_sites import FunctionNames, Probing
from inspector.model.evidence import Unread
from inspector.model.stack import TextRange
from inspector.target.target import Target

ENTRY_OFFSET = 16384 - 168
DATA = ("__this_module", "framefreeze_header")


@pytest.fixture(scope="module")
def probing(target: Target, kprobes: Kprobes) -> Probing:
    return Probing(target, kprobes, ENTRY_OFFSET)


def test_a_kprobe_that_is_there_was_accepted_where_it_is(
    target: Target, kprobes: Kprobes, probing: Probing
) -> None:
    for address, armed in kprobes.by_address.items():
        assert armed.location is not None
        place = probing.place(armed.location.symbol, armed.location.offset, armed.location.module)
        site = place.site
        assert site.asked.address == address
        assert site.address == address  # nothing moves it: it is behind its ENDBR
        assert site.armed == armed
        assert site.blacklisted is None
        assert isinstance(site.text, TextRange)
        assert site.function.low <= address < site.function.high


def test_a_name_leads_to_every_symbol_that_has_it(target: Target) -> None:
    names = FunctionNames(target)
    for name in ("vfs_read", "kernel_clone", "schedule"):
        found = names.find(name)
        assert found.renamed is None
        theirs = {symbol.address for symbol in target.prog.symbols(name)}
        assert set(found.addresses) == theirs
        assert list(found.addresses) == sorted(found.addresses)


def test_an_older_name_leads_to_the_function_that_has_it_now(target: Target) -> None:
    names = FunctionNames(target)
    for old in ("_do_fork", "do_fork"):
        found = names.find(old)
        assert found.renamed is not None
        assert found.addresses == names.find("kernel_clone").addresses


def test_a_name_that_there_is_not_matches_nothing(probing: Probing) -> None:
    with pytest.raises(NothingMatched, match="no_such_function"):
        probing.place("no_such_function", 0, None)
    with pytest.raises(NothingMatched):
        probing.place("vfs_read", 1 << 30, None)


def test_functions_whose_text_is_whole_decode_to_their_end(
    target: Target, probing: Probing, whole_text: tuple[str, ...]
) -> None:
    decoded = 0
    for symbol in whole_text[::11]:
        if target.symbols.address_of(symbol) is None or symbol in DATA:
            continue
        site = probing.place(symbol, 0, None).site
        assert not isinstance(site.body, Unread)
        assert site.body.stopped is None, symbol
        ends = [instruction.end for instruction in site.body.instructions]
        starts = [instruction.address for instruction in site.body.instructions]
        assert starts[1:] == ends[:-1]
        assert starts[0] == site.function.low
        decoded += 1
    assert decoded > 30 or not whole_text


def test_what_leads_to_a_number_is_there_where_its_function_is(
    target: Target, probing: Probing
) -> None:
    facts = probing.number_facts
    for site, symbol in ((facts.dispatcher, "x64_sys_call"), (facts.entry, "do_syscall_64")):
        assert (site is None) is (target.symbols.address_of(symbol) is None)
        if site is not None:
            assert site.asked.symbol == symbol
