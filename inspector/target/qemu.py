# SPDX-License-Identifier: LGPL-2.1-or-later
"""The registers of a paused guest's vCPUs, by its monitor: drgn reads its memory alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

from inspector.errors import TargetError

Registers = Mapping[str, int]
"""Name, as in ``struct pt_regs``, → value."""

_CPU = re.compile(r"^CPU#(\d+)$", re.M)
_WORD = re.compile(r"\b(R[A-Z0-9]{1,2}|RFL) ?=([0-9a-f]{16}|[0-9a-f]{8})\b")
_SEGMENT = re.compile(r"^(CS|SS) =([0-9a-f]{4}) ", re.M)

_NAMES = {f"R{n.upper()}": n for n in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")}
_NAMES |= {f"R{n}": f"r{n}" for n in range(8, 16)} | {"RFL": "flags"}


def vcpu_registers(address: str) -> dict[int, Registers]:
    """CPU number → registers; empty while the guest runs, for then they mean nothing.

    :param address: of the QMP server, as drgn takes it: a path, or ``HOST:PORT``
    :raises TargetError: if nobody answers there
    """
    from qemu.qmp import QMPError
    from qemu.qmp.legacy import QEMUMonitorProtocol

    try:
        monitor = QEMUMonitorProtocol(QEMUMonitorProtocol.parse_address(address))
        monitor.connect()
        try:
            if cast("dict[str, object]", monitor.cmd("query-status")).get("running"):
                return {}
            text = monitor.cmd("human-monitor-command", **{"command-line": "info registers -a"})
        finally:
            monitor.close()
    except (QMPError, OSError, ValueError) as error:
        raise TargetError(f"{address}: no QEMU monitor answers: {error}") from None
    return parse(str(text))


def parse(text: str) -> dict[int, Registers]:
    """What ``info registers -a`` prints (target/i386/cpu-dump.c, x86_cpu_dump_state())."""
    parts = _CPU.split(text.replace("\r", ""))
    return {
        int(number): _of_cpu(part) for number, part in zip(parts[1::2], parts[2::2], strict=True)
    }


def _of_cpu(text: str) -> Registers:
    found = {_NAMES[name]: int(value, 16) for name, value in _WORD.findall(text) if name in _NAMES}
    segments = {name.lower(): int(value, 16) for name, value in _SEGMENT.findall(text)}
    return found | segments
