# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kallsyms without the symbols that compilers and macros make up. Pure.

Nobody asks for them by name, and they are half of the table: data, and the padding before
functions (since 6.2, commit 9f2899fe36a6), where nothing runs. Functions all stay, so that every
text address keeps its name. scripts/kallsyms.c writes what is read here.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from inspector.errors import TargetError

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
    """Whether nobody but a compiler or a macro gave a symbol its name."""
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
        raise TargetError("kallsyms: a token does not end")
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
