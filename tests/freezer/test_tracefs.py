# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines of a trace: what a kernel wrote, and what an enemy's comm would make of them."""

from __future__ import annotations

from inspector.freezer.tracefs import fetched, overrun, trace_lines
from inspector.model.registers import REGISTER_NAMES


def line(comm: str, where: str, entry: bool) -> str:
    words = [f"r_{name}={i:#x}" for i, name in enumerate(REGISTER_NAMES)]
    if entry:
        words += [f"e_{name}={i + 100:#x}" for i, name in enumerate(REGISTER_NAMES)]
    return f"{comm:>16}-125     [001] d..2.   278.915843: hit0: ({where}) {' '.join(words)}"


def test_a_hit_has_both_frames() -> None:
    (hit,) = trace_lines(f"# tracer: nop\n#\n{line('fork', '__do_sys_fork+0x5/0x40', True)}\n")
    assert (hit.event, hit.comm, hit.pid, hit.cpu) == ("hit0", "fork", 125, 1)
    assert (hit.where, hit.seconds) == ("__do_sys_fork+0x5", "278.915843")
    assert hit.registers.orig_ax == REGISTER_NAMES.index("orig_ax")
    assert hit.entry is not None
    assert hit.entry.orig_ax == 100 + REGISTER_NAMES.index("orig_ax")


def test_a_return_is_of_the_function_and_not_of_its_caller() -> None:
    (hit,) = trace_lines(line("fork", "__do_sys_fork+0x3c/0x40 <- kernel_clone", False))
    assert (hit.where, hit.entry) == ("kernel_clone", None)


def test_a_comm_that_looks_like_a_line_is_a_comm() -> None:
    comm = "a-1 [0] x 1.1:"
    (hit,) = trace_lines(line(comm, "kernel_clone+0x0/0x420", False))
    assert (hit.comm, hit.pid) == (comm, 125)


def test_what_cannot_be_fetched_is_no_hit() -> None:
    text = line("fork", "kernel_clone+0x0/0x420", True).replace("e_ax=0x6e", "e_ax=(fault)")
    assert "(fault)" in text
    assert list(trace_lines(text)) == []


def test_dropped_entries_are_counted() -> None:
    assert overrun("# entries-in-buffer/entries-written: 10/25   #P:2\n") == 15
    assert overrun("") == 0


def test_every_register_is_fetched_under_a_name_of_its_own() -> None:
    names = [word.split("=")[0] for word in fetched(entry=True).split()]
    assert len(names) == len(set(names)) == 42
    assert "e_orig_ax=+120(%di):x64" in fetched(entry=True)
    assert "di)" not in fetched(entry=False)


def test_of_cs_only_the_selector_is_fetched() -> None:
    assert "r_cs=%cs:x16" in fetched(entry=False).split()
