# SPDX-License-Identifier: LGPL-2.1-or-later
"""Against the UAPI headers of this machine (linux-libc-dev), and frames of the shipped dumps."""

import ctypes
import mmap
import re
from pathlib import Path

import pytest

from inspector.facts import cpu
from tests import demo

HEADERS = Path("/usr/include/x86_64-linux-gnu/asm")


def defined(header: str, pattern: str) -> dict[str, int]:
    found = re.findall(rf"#define {pattern}\s+(\d+)\b", (HEADERS / header).read_text())
    assert len(found) > 15
    return {name: int(number) for name, number in found}


def test_vectors_are_those_that_kvm_gives_its_guests() -> None:
    vectors = defined("kvm.h", r"([A-Z]{2})_VECTOR")
    assert set(vectors.values()) <= {exception.vector for exception in cpu.EXCEPTIONS}
    named = {name: number for name, number in vectors.items() if hasattr(cpu, name)}
    assert named == {name: getattr(cpu, name) for name in named}
    assert {"DE", "DB", "BP", "UD", "DF", "TS", "NP", "SS", "GP", "PF", "AC", "MC"} <= set(named)


def test_every_flag_of_the_header_has_its_name() -> None:
    bits = defined("processor-flags.h", r"X86_EFLAGS_([A-Z]+)_BIT")
    fields = {"FIXED", "IOPL"}  # always set, and of two bits
    names = {bit: name for name, bit in bits.items() if name not in fields}
    assert names == cpu.FLAG_BITS
    assert 1 << bits["FIXED"] == cpu.FLAGS_FIXED
    assert 3 << bits["IOPL"] == cpu.FLAGS_IOPL
    for name in ("IF", "DF", "RF", "AC"):
        assert 1 << bits[name] == getattr(cpu, f"FLAGS_{name}")


def test_a_vector_has_one_row_and_each_name_one_vector() -> None:
    for values in (
        [e.vector for e in cpu.EXCEPTIONS],
        [e.name for e in cpu.EXCEPTIONS if e.name],
        [e.entry for e in cpu.EXCEPTIONS],
        [name for e in cpu.EXCEPTIONS for name in e.old_entries],
    ):
        assert len(set(values)) == len(values)


def test_a_selectors_low_bits_say_which_code_may_use_it() -> None:
    kernel = {cpu.KERNEL_CS, cpu.KERNEL_DS, 0}
    for selector in (*cpu.CODE_SEGMENTS, *cpu.DATA_SEGMENTS):
        assert selector & 3 == (0 if selector in kernel else 3)
        assert not selector & 4  # of the GDT


@pytest.mark.parametrize(
    ("instruction", "selector"), [(b"\x8c\xc8", cpu.USER_CS), (b"\x8c\xd0", cpu.USER_DS)]
)
def test_this_very_process_runs_with_the_selectors_of_user_mode(
    instruction: bytes, selector: int
) -> None:
    """By ``mov eax, cs`` and ``mov eax, ss``, run here."""
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as m:
        m.write(instruction + b"\xc3")
        code = ctypes.c_char.from_buffer(m)
        read = ctypes.CFUNCTYPE(ctypes.c_uint32)(ctypes.addressof(code))
        assert read() == selector
        del read, code


def test_the_shipped_kernel_ran_with_the_selectors_of_kernel_mode() -> None:
    registers = demo.int3_frame().registers
    assert (registers.cs_selector, registers.ss_selector) == (cpu.KERNEL_CS, cpu.KERNEL_DS)
