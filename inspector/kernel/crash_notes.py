# SPDX-License-Identifier: LGPL-2.1-or-later
"""``crash_notes``: each CPU's registers, and where the calls that save them stand on its stacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from inspector.errors import InspectorError
from inspector.facts.addresses import ADDRESS_SPACE
from inspector.formats.notes import unpack
from inspector.model.distillate import REDACTED_WORD
from inspector.model.registers import PT_REGS_SIZE, Registers
from inspector.target.target import Target

# ``crash_notes``: each CPU's registers, saved by the kernel when it panicked with kdump.

_NOTE_HEADER = 12 + 8  # struct elf_note, and its name padded to "CORE\0\0\0\0"
# struct elf_prstatus, include/linux/elfcore.h
_PR_PID = 32
_PR_REG = 112


@dataclass(frozen=True, slots=True)
class CrashNote:
    """The registers in one CPU's note: ``struct user_regs_struct`` begins like pt_regs.

    :ivar address: of the registers, inside the note
    :ivar pid: of the task that the CPU was running when it wrote the note
    """

    cpu: int
    address: int
    pid: int
    registers: Registers

    def is_copy_of(self, registers: Registers) -> bool:
        """Whether all words are the same; of cs and ss the selectors, which alone are copied.

        A word that ``distill --redact`` took out of either is not compared.
        """
        pairs = zip(_copied(self.registers).words, _copied(registers).words, strict=True)
        return all(one == other for one, other in pairs if REDACTED_WORD not in (one, other))


def crash_note(target: Target, cpu: int) -> CrashNote | None:
    """The note of ``cpu``, or None where crash_save_cpu() (kernel/crash_core.c) never ran.

    :raises Unreadable: if the note is not there
    """
    pointer = target.symbols.address_of("crash_notes")
    offsets = target.symbols.address_of("__per_cpu_offset")
    if pointer is None or offsets is None:
        return None
    base = target.word(pointer)
    if not base:
        return None
    note = (base + target.word(offsets + 8 * cpu)) % ADDRESS_SPACE
    registers_at = note + _NOTE_HEADER + _PR_REG
    head = next(unpack(target.read(note, _NOTE_HEADER), cut=True))
    if not head.is_cpu:
        return None
    pid = int.from_bytes(target.read(note + _NOTE_HEADER + _PR_PID, 4), "little")
    registers = Registers.from_bytes(target.read(registers_at, PT_REGS_SIZE))
    return CrashNote(cpu, registers_at, pid, registers)


def _copied(registers: Registers) -> Registers:
    # ELF_CORE_COPY_REGS (asm/elf.h) copies members, and both are 16 bits wide since 6.9.
    return replace(registers, cs=registers.cs_selector, ss=registers.ss_selector)


# Where the calls that save a crashed kernel stand on its stacks.
#
# A CPU's crash note does not say where the CPU stood when the dump was made:
#
# - ``oops_end()`` (arch/x86/kernel/dumpstack.c) calls ``crash_kexec(regs)``, so the note holds
# the
#   registers of the *fault*, and the calls from there to ``machine_kexec()`` lie below its sp;
# - ``panic()`` calls ``__crash_kexec(NULL)``, and ``crash_setup_regs()`` (asm/kexec.h) notes the
#   registers as they are, but for ip: that is of a label (``_THIS_IP_``), which the compiler may
#   put where the stack pointer is another one.
#
# Both are found by the return addresses that lie on the stack: ``machine_kexec()`` never returns.

_NOTING = "__crash_kexec"
_LAST_CALL = "machine_kexec"
_CALL = b"\xe8"
_CALL_SIZE = 5  # with its operand, the distance to what is called
_MOST_WORDS = 128  # the function has a struct pt_regs on its stack, and little more
_AT_ONCE = 512  # bytes of stack; a whole number of words


def notes_itself(target: Target, ip: int) -> bool:
    """Whether registers with this ip are ``__crash_kexec()``'s own."""
    location = target.locate(ip)
    return location is not None and location.symbol == _NOTING


def return_from_noting(target: Target, noted: Mapping[str, int]) -> tuple[int, int] | None:
    """ip and sp after the return from ``__crash_kexec()``; None if ``noted`` is not of there."""
    location = target.locate(noted.get("ip", 0))
    if location is None or "sp" not in noted or not notes_itself(target, noted["ip"]):
        return None
    return return_of(target, noted["ip"] - location.offset, noted["sp"])


def return_of(target: Target, function: int, low: int) -> tuple[int, int] | None:
    """ip and sp after the return from ``function``; None if none is near.

    For functions that no unwind table covers (``STACK_FRAME_NON_STANDARD``): the first word from
    ``low`` up that follows a direct call of this very function.
    """
    for address in range(low, min(low + 8 * _MOST_WORDS, ADDRESS_SPACE), 8):
        word = target.readable_word(address)
        if word is None:
            return None
        if target.locate(word) is not None and _called(target, word) == function:
            return word, address + 8
    return None


def returns_from_kexec(target: Target, low: int, high: int) -> Iterator[tuple[int, int]]:
    """ip and sp after each return from ``machine_kexec()`` to ``__crash_kexec()`` that lies in
    ``[low, high)``, the highest first.

    A word there may be a copy: whether calls lead on from it is for the caller to see.

    :raises Unreadable: if a part of the range is missing
    """
    callee = target.symbols.address_of(_LAST_CALL)
    if callee is None:
        return
    for ip, address in _text_words(target, low, high):
        location = target.symbols.locate_return(ip)
        if location is not None and location.symbol == _NOTING and _called(target, ip) == callee:
            yield ip, address + 8


def returns_to(target: Target, function: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """ip and sp after each return to ``function`` that lies in ``[low, high)``, the highest first.

    :raises Unreadable: if a part of the range is missing
    """
    for ip, address in _text_words(target, low, high):
        location = target.symbols.locate_return(ip)
        if location is not None and location.symbol == function:
            yield ip, address + 8


def _text_words(target: Target, low: int, high: int) -> Iterator[tuple[int, int]]:
    """The words that may be return addresses of the kernel, and where they lie."""
    text_low = target.symbols.address_of("_text")
    text_high = target.symbols.address_of("_end")
    if text_low is None or text_high is None:
        return
    while low < high:
        start = max(low, high - _AT_ONCE)
        words = target.words(start, (high - start) // 8)
        for i in reversed(range(len(words))):
            if text_low < words[i] < text_high:
                yield words[i], start + 8 * i
        high = start


def _called(target: Target, returned_to: int) -> int | None:
    """What the direct call before ``returned_to`` calls."""
    try:
        call = target.read(returned_to - _CALL_SIZE, _CALL_SIZE)
    except InspectorError:
        return None
    if not call.startswith(_CALL):
        return None
    return (returned_to + int.from_bytes(call[1:], "little", signed=True)) % ADDRESS_SPACE
