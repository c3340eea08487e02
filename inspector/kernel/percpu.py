# SPDX-License-Identifier: LGPL-2.1-or-later
"""Per-CPU variables by address: ``__per_cpu_offset[cpu]`` plus the symbol."""

from __future__ import annotations

from inspector.errors import Unreadable
from inspector.target.faults import reading
from inspector.target.target import Target

_MAX_CPUS = 8192  # NR_CPUS of every distribution, lib/cpumask.c
ADDRESS_SPACE = 1 << 64


def present_cpus(target: Target) -> tuple[int, ...]:
    """The numbers of the CPUs that the machine has, ascending.

    Not the online ones: a panic takes those that it stops offline (stop_this_cpu()).

    :raises Unreadable: if ``__cpu_present_mask`` is not there
    """
    return _cpus_in(target, "__cpu_present_mask")


def online_cpus(target: Target) -> tuple[int, ...]:
    """The numbers of the CPUs that the scheduler may use, ascending.

    :raises Unreadable: if ``__cpu_online_mask`` is not there
    """
    return _cpus_in(target, "__cpu_online_mask")


def _cpus_in(target: Target, symbol: str) -> tuple[int, ...]:
    mask = target.symbols.address_of(symbol)
    if mask is None:
        raise Unreadable(0, 0, f"no symbol {symbol}", "structure-unknown")
    with reading("nr_cpu_ids"):
        count = min(target.prog["nr_cpu_ids"].value_(), _MAX_CPUS)
    bits = int.from_bytes(target.read(mask, -(-count // 64) * 8), "little")
    return tuple(cpu for cpu in range(count) if bits >> cpu & 1)


def percpu_address(target: Target, symbol: str, cpu: int) -> int | None:
    """The address of ``symbol``'s copy for ``cpu``, or None without such a symbol.

    :raises Unreadable: if ``__per_cpu_offset`` is not there
    """
    base = target.symbols.address_of(symbol)
    offsets = target.symbols.address_of("__per_cpu_offset")
    if base is None or offsets is None:
        return None
    return (base + target.word(offsets + 8 * cpu)) % ADDRESS_SPACE


def hot_address(target: Target, symbol: str, cpu: int) -> int | None:
    """As :func:`percpu_address`, for what lived in ``struct pcpu_hot`` from 6.2 to 6.14.

    Commit d7b6d709a76a ("x86/percpu: Move irq_stack variables next to current_task") and
    those around it put them there, c6a0918072ea took them out again.

    :param symbol: the variable's name, which is the member's too
    """
    address = percpu_address(target, symbol, cpu)
    if address is None and target.has_member("struct pcpu_hot", symbol):
        hot = percpu_address(target, "pcpu_hot", cpu)
        if hot is not None:
            address = hot + target.offsetof("struct pcpu_hot", symbol)
    return address
