# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kind of a bad address: NULL, poison, text, a cut pointer, a guard page.

Each sentence is arithmetic on values that stand in the frame, or a comparison with a constant of
the kernel. The constants are those of include/linux/poison.h.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspector.facts.addresses import ADDRESS_SPACE, PAGE_SIZE, USER_HIGH, is_canonical
from inspector.facts.uapi import errno_name, is_errno
from inspector.model.access import AccessFacts, Term
from inspector.model.evidence import Evidence
from inspector.model.registers import as_int64

KASAN_SHADOW_OFFSET = 0xDFFF_FC00_0000_0000  # CONFIG_KASAN_SHADOW_OFFSET, arch/x86/Kconfig
_DELTA = 0xDEAD_0000_0000_0000  # CONFIG_ILLEGAL_POINTER_VALUE, POISON_POINTER_DELTA

# Values that a whole pointer is set to.
_POINTERS = {
    _DELTA + 0x100: ("list-poison", "LIST_POISON1, the next pointer of a removed list entry"),
    _DELTA + 0x122: ("list-poison", "LIST_POISON2, the prev pointer of a removed list entry"),
    _DELTA + 0x200: (
        "list-poison",
        "LIST_POISON2 of older kernels, the prev pointer of a removed list entry",
    ),
    _DELTA + 0x300: ("pointer-poison", "TIMER_ENTRY_STATIC, the entry of a timer that is static"),
    _DELTA + 0x400: ("pointer-poison", "TAIL_MAPPING, the mapping of a compound page's tail"),
    _DELTA + 0x500: ("pointer-poison", "MUTEX_POISON_WW_CTX"),
    _DELTA + 0x800: ("pointer-poison", "SKB_LIST_POISON_NEXT"),
    _DELTA + 0x801: ("pointer-poison", "NET_PTR_POISON"),
    _DELTA + 0xEB9F: ("pointer-poison", "BPF_PTR_POISON"),
    _DELTA + 0x1091: ("pointer-poison", "IO_URING_PTR_POISON"),
    0x09F9_1102_9D74_E35B: ("red-zone", "RED_INACTIVE, the red zone of a freed slab object"),
    0xD841_56C5_6356_88C0: ("red-zone", "RED_ACTIVE, the red zone of a slab object in use"),
}
# Values that every byte of a piece of memory is set to.
_BYTES = {
    0x6B: ("slab-poison", "POISON_FREE, which fills a freed slab object"),
    0x5A: ("slab-poison", "POISON_INUSE, which fills a slab object that was never written"),
    0xAA: ("page-poison", "PAGE_POISON, which fills a freed page"),
    0xBB: ("red-zone", "SLUB_RED_INACTIVE, the red zone of a freed slab object"),
    0xCC: (
        "red-zone",
        "SLUB_RED_ACTIVE, the red zone of a slab object in use (or POISON_FREE_INITMEM, freed"
        " init memory)",
    ),
    0x5B: ("slab-poison", "JBD_POISON_FREE"),
    0x5C: ("slab-poison", "JBD2_POISON_FREE"),
    0xA7: ("slab-poison", "POOL_POISON_FREED, which fills a freed block of a DMA pool"),
    0xA9: ("slab-poison", "POOL_POISON_ALLOCATED, a block of a DMA pool that was never written"),
    0xBD: ("slab-poison", "KEY_DESTROY"),
}
_EVERY_BYTE = 0x0101_0101_0101_0101
_LEAST_TEXT = 5  # characters: fewer printable bytes are common in numbers
_LEAST_HALF = 1 << 24  # of a cut pointer: less is a number
_MOST_OFFSET = 1 << 31  # from a NULL pointer: more is an address of its own


def classes(
    address: int, terms: Sequence[Term] | None, displacement: int, facts: AccessFacts
) -> Iterator[Evidence]:
    """Statements about ``address``, the sum of ``terms`` and ``displacement``.

    :param terms: None where only the address is known
    """
    by_register = [] if terms is None else list(_of_registers(address, terms, displacement, facts))
    yield from by_register or _of_address(address, facts)
    yield from _of_range(address, facts)


def may_be_canonical(address: int, levels: int | None) -> bool | None:
    """Whether ``address`` can be one; None where it depends on levels that are not known.

    :param levels: of the page tables, 4 or 5
    """
    if levels is not None:
        return is_canonical(address, levels)
    four, five = is_canonical(address, 4), is_canonical(address, 5)
    return four if four is five else None


def _of_registers(
    address: int, terms: Sequence[Term], displacement: int, facts: AccessFacts
) -> Iterator[Evidence]:
    shadow = _shadow(address, terms, facts)
    if shadow is not None:
        yield shadow
        return
    whole = [term for term in terms if term.scale == 1 and term.value is not None]
    if not terms and displacement == as_int64(address) and 0 <= displacement < PAGE_SIZE:
        yield _null(f"the instruction itself names the address {address:#x}", address)
    zero = _null_pointer(terms)
    if zero is not None:
        yield _null(f"{zero.register} is 0 (NULL)", address)
    for term in whole:
        assert term.value is not None
        yield from _of_value(term.register, term.value, facts)


def _null_pointer(terms: Sequence[Term]) -> Term | None:
    """The register that is the NULL pointer: the base, or an index beside a small number."""
    for position, term in enumerate(terms):
        others = [other for other in terms if other is not term]
        limit = _MOST_OFFSET if position == 0 else PAGE_SIZE
        small = all(o.value is not None and abs(as_int64(o.value)) < limit for o in others)
        if term.value == 0 and term.scale == 1 and small:
            return term
    return None


def _null(why: str, address: int) -> Evidence:
    offset = as_int64(address)
    if offset < 0:
        return Evidence("null-offset", f"NULL minus {-offset:#x}: {why}")
    if offset == 0:
        return Evidence("null-offset", f"NULL: {why}")
    member = f"a member at offset {offset:#x} of a NULL pointer has this address"
    return Evidence("null-offset", f"NULL plus {offset:#x}: {why}; {member}")


def _of_value(name: str, value: int, facts: AccessFacts) -> Iterator[Evidence]:
    if value in _POINTERS:
        rule, words = _POINTERS[value]
        yield Evidence(rule, f"{name} is {value:#x}: {words}")
        return
    byte = value & 0xFF
    if byte in _BYTES and value in (byte * _EVERY_BYTE, byte * (_EVERY_BYTE & 0xFFFF_FFFF)):
        rule, words = _BYTES[byte]
        yield Evidence(rule, f"every byte of {name} is {byte:#x}: {words}")
        return
    if is_errno(value):
        named = errno_name(value)
        text = f"{name} is {as_int64(value)}{f' ({named})' if named else ''}: an error pointer"
        yield Evidence("err-ptr", f"{text}, as ERR_PTR() makes one")
        return
    text = _text(value)
    if text:
        yield Evidence("ascii", f'the bytes of {name} in memory are the text "{text}"')
    yield from _cut(name, value, facts)


def _of_address(address: int, facts: AccessFacts) -> Iterator[Evidence]:
    """The statement for the address alone: an offset of less than a page."""
    if address < PAGE_SIZE:
        text = f"{address:#x} lies in the first page, which the kernel never maps for itself"
        yield Evidence("first-page", text)
        return
    for base, (rule, words) in (*_POINTERS.items(), *_filled()):
        if 0 <= address - base < PAGE_SIZE and base >= 1 << 32 and not _closer(address, base):
            plus = f" plus {address - base:#x}" if address != base else ""
            yield Evidence(rule, f"the address is {base:#x}{plus}: {words}")
            return
    if is_errno(address):
        text = f"the address is {as_int64(address)} as a signed number, the range of ERR_PTR()"
        yield Evidence("err-ptr", text)
        return
    text = _text(address)
    if text:
        yield Evidence("ascii", f'the bytes of the address in memory are the text "{text}"')
    yield from _cut("the address", address, facts)


def _filled() -> Iterator[tuple[int, tuple[str, str]]]:
    for byte, told in _BYTES.items():
        yield byte * _EVERY_BYTE, told


def _closer(address: int, base: int) -> bool:
    """Whether another poison lies between ``base`` and ``address``."""
    return any(base < other <= address for other in _POINTERS)


def _of_range(address: int, facts: AccessFacts) -> Iterator[Evidence]:
    for stack in facts.stacks:
        if stack.low - PAGE_SIZE <= address < stack.low:
            text = (
                f"{address:#x} lies {stack.low - address:#x} bytes below the low end of the"
                f" {stack.name} stack, {stack.low:#x}, where its guard page is"
            )
            yield Evidence("guard-page", text, stack.low)
        elif stack.high <= address < stack.high + PAGE_SIZE:
            text = (
                f"{address:#x} lies {address - stack.high:#x} bytes above the {stack.name} stack,"
                f" which ends at {stack.high:#x}"
            )
            yield Evidence("guard-page", text, stack.high)
    canonical = may_be_canonical(address, facts.levels)
    if canonical is False:
        bits = USER_HIGH[facts.levels or 5].bit_length()
        text = f"{address:#x} is not canonical: bits 63 to {bits - 1} are not all the same"
        yield Evidence("non-canonical", text)
    elif canonical is None:
        text = f"{address:#x} is canonical with five-level paging alone"
        yield Evidence("non-canonical", text)
    elif not facts.user_mode and PAGE_SIZE <= address < USER_HIGH[5]:
        yield Evidence("user-address", f"{address:#x} is a user address, accessed in kernel mode")


def _shadow(address: int, terms: Sequence[Term], facts: AccessFacts) -> Evidence | None:
    """kasan_non_canonical_hook(), mm/kasan/report.c: the address whose shadow was looked up."""
    told = any(term.value == KASAN_SHADOW_OFFSET for term in terms)
    if not told and not (facts.kasan and address >= KASAN_SHADOW_OFFSET):
        return None
    checked = (address - KASAN_SHADOW_OFFSET << 3) % ADDRESS_SPACE
    if (checked >> 3) + KASAN_SHADOW_OFFSET != address:
        return None  # beyond the shadow
    null = ": NULL plus an offset" if checked < PAGE_SIZE else ""
    text = (
        f"{address:#x} is KASAN's shadow of {checked:#x} to {checked + 7:#x}{null}: the access that"
        " KASAN checked is one to there"
    )
    return Evidence("kasan-shadow", text)


def _text(value: int) -> str:
    """The bytes as a string, "" unless all are printable up to the end or the zeros behind."""
    data = value.to_bytes(8, "little").rstrip(b"\0")
    if len(data) < _LEAST_TEXT or not all(0x20 <= byte < 0x7F for byte in data):
        return ""
    return data.decode("ascii")


def _cut(name: str, value: int, facts: AccessFacts) -> Iterator[Evidence]:
    """A pointer that went through an int: its low half, sign-extended or not, or its high half."""
    low = value & 0xFFFF_FFFF
    extended = low | (0xFFFF_FFFF_0000_0000 if low >> 31 else 0)
    if value < _LEAST_HALF or value not in (low, extended):
        return
    for whose, pointer in facts.pointers.items():
        if pointer == value or pointer < 1 << 32:
            continue
        if pointer & 0xFFFF_FFFF == low:
            text = f"{name}, {value:#x}, is the low half of {pointer:#x}, {whose}"
        elif pointer >> 32 == value:
            text = f"{name}, {value:#x}, is the high half of {pointer:#x}, {whose}"
        else:
            continue
        yield Evidence("truncated-pointer", text)
        return
