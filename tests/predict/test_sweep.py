# SPDX-License-Identifier: LGPL-2.1-or-later
"""register_kprobe() at every byte of some functions of a kernel with kCFI, against predictions.

The kernel is 7.3.4, built by clang 19 with kCFI and IBT; the lab cannot boot it. A module asked it
(``sw FUNCTION+OFFSET ERRNO FLAGS``), and the dump is a distillate of the one made right then.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.model.probe import ProbeAnswer, ProbeOutcome
from inspector.model.record import KprobeFlags, Mechanism
from inspector.queries.target import TargetSource, open_target_source
from inspector.target.spec import TargetKind, TargetSpec

_ASKED = re.compile(r"^TRUTH sw (\S+)\+(0x[0-9a-f]+) (-?\d+) ([0-9a-f]+)$", re.M)


@pytest.fixture(scope="module")
def source(root: Path) -> Iterator[TargetSource]:
    path = root / "dumps/kcfi-7.3.vmcore"
    with open_target_source(TargetSpec(TargetKind.CORE, str(path))) as opened:
        yield opened


def test_every_byte_is_told_as_the_kernel_tells_it(source: TargetSource, root: Path) -> None:
    truth = _ASKED.findall((root / "tests/predict/sweep-kcfi.truth").read_text())
    assert len(truth) > 2000
    decided, wrong = 0, []
    for name, offset, error, flags in truth:
        told = source.probe(name, int(offset, 16), None, name)
        decided += told.registration.outcome is not ProbeOutcome.UNKNOWN
        if differs(told, int(error), KprobeFlags(int(flags, 16) & 15)):
            wrong.append((name, offset, error, flags, told.registration))
    assert wrong == []
    assert decided >= 0.9 * len(truth)


def differs(told: ProbeAnswer, error: int, flags: KprobeFlags) -> bool:
    registered = told.registration
    if registered.outcome is ProbeOutcome.UNKNOWN:
        return False
    if error:
        return registered.errno != f"-{errno.errorcode[-error]}"
    served = told.mechanism is Mechanism.FTRACE
    return registered.errno is not None or served is not (KprobeFlags.FTRACE in flags)


def test_the_check_of_an_indirect_call_is_refused(source: TargetSource) -> None:
    """The sweep has none: by the kernel's own table of traps."""
    refused = {
        told.location.offset: told.registration.evidence[0].rule
        for told in (source.probe("vfs_read", at, None, "vfs_read") for at in range(0xA0, 0xB0))
        if told.registration.outcome is ProbeOutcome.REFUSED
    }
    assert refused[0xA0] == refused[0xA6] == "cfi-check"  # movl $-id, %r10d; addl -15(%r11), %r10d
    assert 0xAA not in refused  # the jump behind them
