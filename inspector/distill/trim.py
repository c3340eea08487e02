# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel's tables, reduced to what a report needed."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from inspector.distill.noting import Patches
from inspector.errors import TargetError
from inspector.formats.btf_trim import trimmed
from inspector.formats.memory import Read, read_with_holes
from inspector.target.target import Target

# Kallsyms without the symbols that compilers and macros make up. Pure.
#
# Nobody asks for them by name, and they are half of the table: data, and the padding before
# functions (since 6.2, commit 9f2899fe36a6), where nothing runs. All functions stay, so that every
# text address keeps its name. scripts/kallsyms.c writes what is read here.

_PADDING = "__pfx_"
_LONG = 0x80  # a length with this bit has a second byte, since 6.1 (commit 73bbb94466fd)
_TOKENS = 256
_DATA = frozenset("dDbBrR")
_MADE_UP = re.compile(
    r"\.\d+$"
    r"|^(__ksymtab|__kstrtab|__UNIQUE_ID|__func__|__initcall_|__setup_|__event_|event_|str__|types_"
    r"|args_|print_fmt_|trace_event_fields_|__syscall_meta|__p_syscall_meta|___tp_str|__tpstrtab_"
    r"|__SCK__|__param|__TRACE_SYSTEM|TRACE_SYSTEM|__BTF_ID|__bpf_trace_tp_map_|__tracepoint_"
    r"|__flags_|security_hook_active_|dev_attr_|trace_event_type_funcs_"
    r"|__key|__already_done|__compound_literal|__warned|descriptor|CSWTCH|\.L)"
)


@dataclass(frozen=True, slots=True)
class Kallsyms:
    """The tables as bytes.

    :ivar names: ``kallsyms_names``, up to the last name at least
    :ivar offsets: ``kallsyms_offsets``, a signed word of 32 bits each
    :ivar place_relative: such a word counts from its own address (since 7.0)
    """

    names: bytes
    offsets: bytes
    count: int
    place_relative: bool


def trimmed_kallsyms(
    tables: Kallsyms, tokens: tuple[bytes, ...], wanted: Collection[str]
) -> Kallsyms:
    """``tables`` without symbols that have a made-up name.

    :param tokens: by number, of :func:`token_list`
    :param wanted: names that stay all the same
    :raises TargetError: if the tables contradict themselves
    """
    names, offsets = bytearray(), bytearray()
    values = struct.unpack_from(f"<{tables.count}i", tables.offsets)
    for old, raw in enumerate(_names(tables)):
        text = b"".join(tokens[token] for token in raw[_length_size(raw) :]).decode("latin-1")
        if _is_made_up(text[:1], text[1:]) and text[1:] not in wanted:
            continue
        moved = len(offsets) - 4 * old if tables.place_relative else 0
        names += raw
        offsets += struct.pack("<i", values[old] - moved)
    return Kallsyms(bytes(names), bytes(offsets), len(offsets) // 4, tables.place_relative)


def _is_made_up(kind: str, name: str) -> bool:
    """Whether a compiler or a macro made the symbol's name."""
    if kind in _DATA:
        return _MADE_UP.search(name) is not None
    return name.startswith(_PADDING)


def names_size(tables: Kallsyms) -> int:
    """How many bytes the names take.

    :raises TargetError: if the tables contradict themselves
    """
    return sum(map(len, _names(tables)))


def token_list(table: bytes, index: bytes) -> tuple[bytes, ...]:
    """``kallsyms_token_table`` cut by ``kallsyms_token_index``.

    :raises TargetError: if one does not go with the other
    """
    starts = struct.unpack_from(f"<{_TOKENS}H", index)
    ends = [table.find(b"\0", start) for start in starts]
    if min(ends) < 0:
        raise TargetError("kallsyms: a token has no end")
    return tuple(table[start:end] for start, end in zip(starts, ends, strict=True))


def _names(tables: Kallsyms) -> Iterator[bytes]:
    """Every compressed name, its length included."""
    at = 0
    for _ in range(tables.count):
        head = tables.names[at : at + 2]
        if len(head) < 2:
            raise TargetError("kallsyms: its names end too early")
        size = head[0] & ~_LONG | head[1] << 7 if head[0] & _LONG else head[0]
        end = at + _length_size(head) + size
        yield tables.names[at:end]
        at = end


def _length_size(raw: bytes) -> int:
    return 2 if raw[0] & _LONG else 1


# ORC tables with only what unwinding through some places needs. Pure.
#
# ``.orc_unwind_ip`` holds, for each entry, its text address relative to the entry's own;
# ``.orc_unwind`` six bytes that hold from there to the next (asm/orc_types.h). The tables keep
# their size: entries of zeros behind the last mean "undefined" in every version of ORC, at the
# table's own addresses, which are in order and behind all text.

_ENTRY_SIZE = 6
_UNDEFINED = bytes(_ENTRY_SIZE)


def trimmed_orc(
    offsets: bytes, entries: bytes, base: int, places: Collection[int]
) -> tuple[bytes, bytes]:
    """Both ORC tables with the entries that ``places`` need, in the size they had.

    :param base: the address of ``offsets``
    :param places: text addresses that are unwound through
    """
    addresses = [base + 4 * i + word for i, (word,) in enumerate(struct.iter_unpack("<i", offsets))]
    order = sorted(range(len(addresses)), key=addresses.__getitem__)
    texts = [addresses[i] for i in order]
    needed = {bisect_right(texts, place) - 1 for place in places}
    kept = list(_with_ends(sorted(n for n in needed if n >= 0), len(texts)))
    new_offsets, new_entries = bytearray(), bytearray()
    for new, (n, is_end) in enumerate(kept):
        new_offsets += struct.pack("<i", texts[n] - (base + 4 * new))
        at = order[n] * _ENTRY_SIZE
        new_entries += _UNDEFINED if is_end else entries[at : at + _ENTRY_SIZE]
    return (
        bytes(new_offsets).ljust(len(offsets), b"\0"),
        bytes(new_entries).ljust(len(entries), b"\0"),
    )


def _with_ends(needed: list[int], count: int) -> Iterator[tuple[int, bool]]:
    """Each entry, and behind each run of them where the last one ends."""
    wanted = set(needed)
    for n in needed:
        yield n, False
        if n + 1 < count and n + 1 not in wanted:
            yield n + 1, True


# The kernel's tables, reduced to what a report needed.

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
        raise TargetError("types cannot be trimmed: the result would be larger")
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
