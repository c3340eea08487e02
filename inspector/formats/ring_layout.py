# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where the fields lie in each version of the ABI: plain data, one row a struct."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from inspector.model.registers import PT_REGS_SIZE


class FieldLayout:
    """A packed little-endian struct: ``name:code`` words, in order (codes: :mod:`struct`)."""

    def __init__(self, fields: str) -> None:
        pairs = [word.split(":") for word in fields.split()]
        self._names = [name for name, code in pairs if not code.endswith("x")]
        self._struct = struct.Struct("<" + "".join(code for _, code in pairs))
        self.size = self._struct.size
        codes = ["<" + "".join(code for _, code in pairs[:n]) for n in range(len(pairs))]
        self.offsets = {
            name: struct.calcsize(code) for (name, _), code in zip(pairs, codes, strict=True)
        }

    def unpack(self, data: bytes, at: int = 0) -> dict[str, Any]:
        return dict(zip(self._names, self._struct.unpack_from(data, at), strict=True))

    def pack(self, **values: Any) -> bytes:
        """The struct with ``values``; every other field is zero."""
        blank = self.unpack(bytes(self.size))
        return self._struct.pack(*(values.get(name, old) for name, old in blank.items()))


@dataclass(frozen=True, slots=True)
class Layout:
    """The structs of one version; a struct that a version lacks is None.

    :ivar max_probes: ``FRAMEFREEZE_MAX_PROBES``
    """

    version: int
    header: FieldLayout
    hold: FieldLayout | None
    probe: FieldLayout
    record: FieldLayout
    max_probes: int = 8

    @property
    def hold_offset(self) -> int:
        return self.header.size

    @property
    def probes_offset(self) -> int:
        return self.header.size + (self.hold.size if self.hold else 0)

    @property
    def header_size(self) -> int:
        return self.probes_offset + self.max_probes * self.probe.size

    @property
    def slice_offset(self) -> int:
        """The frame and the entry frame follow a record's fields, then comes the slice."""
        return self.record.size + 2 * PT_REGS_SIZE


# What every version begins with.
START = FieldLayout("magic:8s abi_version:I header_size:I")

_HEADER_1 = (
    "magic:8s abi_version:I header_size:I record_size:I record_count:I slice_offset:I"
    " slice_capacity:I probe_count:I probe_size:I records:Q next:Q lost:Q"
)
_RECORD_1 = (
    "seq:Q time_ns:Q hit:Q probe_address:Q frame_address:Q entry_address:Q task:Q"
    " stack_address:Q slice_address:Q"
)
_RECORD_1_TASK = " slice_length:I flags:I pid:i tgid:i cpu:I preempt_count:I"
_RECORD_1_PROBE = " probe:H mechanism:B mode:B text_byte:B"

_VERSION_1 = Layout(
    version=1,
    header=FieldLayout(_HEADER_1),
    hold=None,
    probe=FieldLayout("address:Q nmissed_address:Q hits:Q mode:I crash_after:I name:96s"),
    record=FieldLayout(_RECORD_1 + _RECORD_1_TASK + _RECORD_1_PROBE + " reserved:3x comm:16s"),
)

_VERSION_2 = Layout(
    version=2,
    header=FieldLayout(_HEADER_1 + " events:Q"),
    hold=FieldLayout(
        "record:Q since_ns:Q until_ns:Q ended_ns:Q cooldown_until_ns:Q frame_address:Q task:Q"
        " iterations:Q held:I cpu:I pid:i probe:I ended_by:I reserved:4x"
    ),
    probe=FieldLayout(
        "address:Q nmissed_address:Q return_nmissed_address:Q hits:Q filtered:Q recorded:Q lost:Q"
        " missed:Q held:Q unheld:128s every:Q limit:Q crash_after:Q hold_ms:I flags:I state:I"
        " mode:I filters:I pid:i tgid:i nr:i comm:16s mechanism_now:B text_byte:B reserved:6x"
        " name:96s"
    ),
    record=FieldLayout(
        _RECORD_1
        + " event:Q return_address:Q"
        + _RECORD_1_TASK
        + _RECORD_1_PROBE
        + " unheld:B reserved:2x comm:16s"
    ),
)

LAYOUTS = {layout.version: layout for layout in (_VERSION_1, _VERSION_2)}
