# SPDX-License-Identifier: LGPL-2.1-or-later
"""The columns of the dataset: a promise, see ``docs/fleet.md``.

Unsigned 64-bit columns hold registers and addresses, and nothing else: every answer shows them in
hexadecimal. Times are UTC.
"""

from __future__ import annotations

import pyarrow as pa

from inspector.model.registers import REGISTER_NAMES

_TEXTS = pa.list_(pa.string())
_TIME = pa.timestamp("us")

DUMPS = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("dump", pa.string(), nullable=False),
        ("size", pa.int64()),
        ("modified", _TIME),
        pa.field("outcome", pa.string(), nullable=False),
        ("error", pa.string()),
        ("seconds", pa.float64()),
        ("read_at", _TIME),
        ("worker", pa.string()),
        ("format", pa.string()),
        ("kernel", pa.string()),
        ("build_id", pa.string()),
        ("types", pa.string()),
        ("panic", pa.string()),
        ("cause", pa.string()),
        ("panic_cpu", pa.int64()),
        ("pid", pa.int64()),
        ("comm", pa.string()),
        ("signature", pa.string()),
        ("signature_parts", _TEXTS),
        ("uptime_ns", pa.int64()),
        ("crashed_at", _TIME),
        ("cpus", pa.int64()),
        ("taint", pa.string()),
        ("modules", _TEXTS),
        ("probes", _TEXTS),
        ("tasks", pa.int64()),
        ("hung", pa.int64()),
        ("frames", pa.int64()),
        ("missing", _TEXTS),
    ]
)

FRAMES = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("dump", pa.string(), nullable=False),
        ("kernel", pa.string()),
        ("address", pa.uint64()),
        ("origin", pa.string()),
        ("user_mode", pa.bool_()),
        ("stack", pa.string()),
        ("found_in", pa.string()),
        ("entry", pa.bool_()),
        ("cpu", pa.int64()),
        ("task", pa.uint64()),
        ("pid", pa.int64()),
        ("tgid", pa.int64()),
        ("comm", pa.string()),
        ("panicking", pa.bool_()),
        ("hung", pa.bool_()),
        ("syscall_nr", pa.int64()),
        ("syscall", pa.string()),
        ("handler", pa.string()),
        ("abi", pa.string()),
        ("vector", pa.int64()),
        ("error_code", pa.uint64()),
        ("interrupted", pa.string()),
        ("kprobe", pa.string()),
        ("rules", _TEXTS),
        *((name, pa.uint64()) for name in REGISTER_NAMES),
    ]
)
