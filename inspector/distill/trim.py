# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables of the kernel cut down to what a report needed of them."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping

from inspector.distill.patches import Patches
from inspector.distill.trim_kallsyms import (
    Kallsyms,
    names_size,
    token_list,
    trimmed_kallsyms,
)
from inspector.distill.trim_orc import trimmed_orc
from inspector.errors import TargetError
from inspector.target.btf.trim import trimmed
from inspector.target.kallsyms_memory import Read, read_with_holes
from inspector.target.target import Target

_BTF = ("__start_BTF", "__stop_BTF")
_ORC_IP = ("__start_orc_unwind_ip", "__stop_orc_unwind_ip")
_ORC = ("__start_orc_unwind", "__stop_orc_unwind")


def trim_unwinding(target: Target, patches: Patches, unwound: Collection[int]) -> None:
    """Replace the ORC of ``target``.

    :param unwound: the text addresses that were unwound through
    """
    ips, entries = _between(target, *_ORC_IP), _between(target, *_ORC)
    if ips is None or entries is None:
        return
    offsets = target.read(ips[0], ips[1] - ips[0])
    table = target.read(entries[0], entries[1] - entries[0])
    for (low, _high), content in zip(
        (ips, entries), trimmed_orc(offsets, table, ips[0], unwound), strict=True
    ):
        patches.put(low, content)


def trim_names(target: Target, patches: Patches, kallsyms: Mapping[str, int], read: Read) -> None:
    """Replace the BTF and the kallsyms of ``target``.

    :param target: with the types and symbols that a report has asked for
    :param kallsyms: the address of each of its tables, by their names in VMCOREINFO
    :param read: of the dump, without noting
    """
    _trim_btf(target, patches)
    _trim_kallsyms(target, patches, kallsyms, read)


def _trim_btf(target: Target, patches: Patches) -> None:
    where = _between(target, *_BTF)
    if target.btf is None or where is None:
        return
    low, high = where
    blob = trimmed(target.btf, target.btf.asked)
    if len(blob) > high - low:
        raise TargetError("its types cannot be trimmed: they would be larger than before")
    patches.put(low, blob.ljust(high - low, b"\0"))


def _trim_kallsyms(target: Target, patches: Patches, at: Mapping[str, int], read: Read) -> None:
    if "kallsyms_offsets" not in at:
        return  # absolute addresses: no kernel of a distribution has them
    names, offsets = at["kallsyms_names"], at["kallsyms_offsets"]
    table, index = at["kallsyms_token_table"], at["kallsyms_token_index"]
    (count,) = struct.unpack("<I", read(at["kallsyms_num_syms"], 4))
    tables = Kallsyms(
        read_with_holes(read, names, table),
        read(offsets, 4 * count),
        count,
        place_relative="kallsyms_relative_base" not in at,
    )
    tokens = token_list(read(table, index - table), read(index, 512))
    small = trimmed_kallsyms(tables, tokens, target.symbols.asked)
    patches.put(names, small.names.ljust(names_size(tables), b"\0"))
    patches.put(offsets, small.offsets.ljust(4 * count, b"\0"))
    patches.put(at["kallsyms_num_syms"], struct.pack("<I", small.count))


def _between(target: Target, start: str, stop: str) -> tuple[int, int] | None:
    low, high = target.symbols.address_of(start), target.symbols.address_of(stop)
    return None if low is None or high is None or low >= high else (low, high)
