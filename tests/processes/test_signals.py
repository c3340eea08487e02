# SPDX-License-Identifier: LGPL-2.1-or-later
"""An interrupt is an interrupt, whatever is being done when it strikes."""

import signal
from contextlib import suppress

import pytest
from drgn import Program

from inspector.processes.signals import interrupts_kept, signals_end_it
from inspector.queries.target import open_target_source
from inspector.target import open as opened
from inspector.target.modules import each_module
from inspector.target.open import reload_modules
from inspector.target.spec import TargetKind, TargetSpec


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_that_is_swallowed_comes_at_the_end(number: signal.Signals) -> None:
    went_on = []

    def swallow() -> None:
        with interrupts_kept():
            with suppress(KeyboardInterrupt):
                signal.raise_signal(number)
            went_on.append(True)

    with signals_end_it():
        before = signal.getsignal(number)
        with pytest.raises(KeyboardInterrupt):
            swallow()
        assert signal.getsignal(number) is before
    assert went_on


def test_one_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts_kept():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_one_while_drgn_looks_at_modules_is_no_fault_of_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(*_: object) -> bytes:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    def interrupt_the_next(prog: Program, _: object) -> None:
        (first, *_rest) = each_module(prog)
        prog.add_memory_segment(first.value_(), 4096, interrupted)

    with open_target_source(TargetSpec(TargetKind.DEMO)) as source:
        monkeypatch.setattr(opened, "add_module_symbols", interrupt_the_next)
        with pytest.raises(KeyboardInterrupt):
            reload_modules(source.target)
