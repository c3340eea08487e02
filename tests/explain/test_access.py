# SPDX-License-Identifier: LGPL-2.1-or-later
"""The faulting access, against what kernels printed about real faults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspector.explain.access import faulting_access
from inspector.model.access import AccessFacts, AccessKind, FaultingAccess
from inspector.model.stack import TextRange

LOGS = Path(__file__).parent.parent / "logs" / "mishaps"
VECTORS = {"BUG: kernel NULL": 14, "general protection": 13, "divide error": 0, "kernel BUG at": 6}


@dataclass(frozen=True)
class Death:
    """What a kernel printed of an exception: read here by no code of the inspector's."""

    vector: int
    address: int | None
    error_code: int
    registers: dict[str, int]
    code: bytes


def death(name: str) -> Death:
    text = (LOGS / f"{name}.log").read_text(errors="replace")
    at, vector = min(
        (text.index(words), vector) for words, vector in VECTORS.items() if words in text
    )
    block = text[at:].partition("Call Trace:")[0]
    headline = block.splitlines()[0]
    said = re.search(r"address:? (?:0x)?([0-9a-f]{16})", headline)
    code = re.search(r"([0-9a-f]{4}) \[#", block)
    pairs = re.findall(r"\b(R[A-D]X|R[SD]I|R[SB]P|R\d\d): (?:0018:)?([0-9a-f]{16})\b", block)
    registers: dict[str, int] = {}
    for register, value in pairs:
        register = register.lower()[1:]
        register = f"r{int(register)}" if register.isdigit() else register
        registers.setdefault(register, int(value, 16))
    ip = re.search(r"RIP: 0010:0x([0-9a-f]+)", block)
    if ip:
        registers["ip"] = int(ip[1], 16)
    marked = re.search(r"Code:.*?<([0-9a-f]{2})>((?: [0-9a-f]{2})*)", block)
    return Death(
        vector,
        int(said[1], 16) if said else None,
        int(code[1], 16) if code else 0,
        registers,
        bytes.fromhex(marked[1] + marked[2]) if marked else b"",
    )


def answer(name: str) -> FaultingAccess:
    told = death(name)
    cr2 = told.address if told.vector == 14 else None
    facts = AccessFacts(vector=told.vector, error_code=told.error_code, cr2=cr2)
    found = faulting_access(told.code, told.registers, facts)
    assert found is not None
    return found


def rules(found: FaultingAccess | None) -> set[str]:
    assert found is not None
    return {statement.rule for statement in found.statements}


SUITES = ("bullseye", "bookworm", "trixie", "sid")


@pytest.mark.parametrize("suite", SUITES)
def test_a_call_of_null_is_a_fetch(suite: str) -> None:
    found = answer(f"{suite}-call-null")
    assert (found.kind, found.address) == (AccessKind.EXECUTE, 0)
    assert {"access", "cr2-agrees", "error-code-execute", "null-offset"} <= rules(found)


@pytest.mark.parametrize("suite", SUITES)
def test_the_address_of_a_protection_fault_is_the_sum(suite: str) -> None:
    """The kernel decodes the instruction, too: "probably for non-canonical address …"."""
    found = answer(f"{suite}-protection")
    assert found.address == death(f"{suite}-protection").address
    assert found.kind is AccessKind.WRITE
    assert {"non-canonical", "list-poison"} <= rules(found)


@pytest.mark.parametrize("suite", ["bullseye", "trixie"])
def test_a_division_by_zero(suite: str) -> None:
    found = answer(f"{suite}-divide")
    assert (found.kind, found.address, found.operands) == (AccessKind.NONE, None, ())
    assert "divisor-zero" in rules(found)


def test_a_divisor_in_memory_is_not_known() -> None:
    assert "divisor" in rules(answer("sid-divide"))
    assert "divisor-zero" not in rules(answer("sid-divide"))


@pytest.mark.parametrize("suite", ["bullseye", "trixie", "sid"])
def test_a_bug_accesses_nothing(suite: str) -> None:
    found = answer(f"{suite}-bug")
    assert (found.instruction, found.kind, found.address) == ("ud2", AccessKind.NONE, None)


@pytest.mark.parametrize("suite", SUITES)
def test_what_the_headline_says_stands_without_the_code(suite: str) -> None:
    """These kernels could not print the bytes: the module's text began in a page of its own."""
    found = answer(f"{suite}-null")
    assert found.address == death(f"{suite}-null").address == 0x58
    assert (found.instruction, found.kind) == ("", AccessKind.WRITE)
    assert "first-page" in rules(found)


# --- properties, by hand-made cases -----------------------------------------------------------

KERNEL = 0xFFFF_8880_1234_5678


def of(code: str, error_code: int | None = None, cr2: int | None = None, vector: int = 14,
       **registers: int) -> FaultingAccess:  # fmt: skip
    facts = AccessFacts(
        vector=vector,
        error_code=error_code,
        cr2=cr2,
        gs_base=0xFFFF_8880_7D00_0000,
        levels=4,
        stacks=(TextRange(0xFFFF_C900_0001_0000, 0xFFFF_C900_0001_4000, "task"),),
        pointers={"the entry frame": 0xFFFF_C900_0001_3F58},
    )
    found = faulting_access(bytes.fromhex(code), {"ip": 0xFFFF_FFFF_8100_0000, **registers}, facts)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("code", "registers", "address", "kind", "size"),
    [
        ("488b4708", {"di": 0}, 8, "read", 8),  # mov rax, [rdi+8]
        ("c7002a000000", {"ax": 0x10}, 0x10, "write", 4),
        ("48ff4310", {"bx": 0}, 0x10, "read-write", 8),  # inc
        ("f0480fb10f", {"di": 0x20}, 0x20, "read-write", 8),  # lock cmpxchg
        ("f0480fab37", {"di": 0, "si": 200}, 24, "read-write", 8),  # lock bts [rdi], rsi
        ("480fa337", {"di": 0x100, "si": 2**64 - 1}, 0xF8, "read", 8),  # bt, bit -1
        ("488b04f0", {"ax": 0x1000, "si": 3}, 0x1018, "read", 8),  # [rax+rsi*8]
        ("8b0511223344", {}, 0xFFFF_FFFF_C533_2217, "read", 4),  # [rip+…]
        ("65488b0425c0000200", {}, 0xFFFF_8880_7D02_00C0, "read", 8),  # gs:
        ("67488b07", {"di": KERNEL}, KERNEL & 0xFFFF_FFFF, "read", 8),  # [edi]
        ("50", {"sp": 0x1000}, 0xFF8, "write", 8),  # push
        ("58", {"sp": 0x1000}, 0x1000, "read", 8),  # pop
        ("e800000000", {"sp": 0x1000}, 0xFF8, "write", 8),  # call
        ("c3", {"sp": 0x1000}, 0x1000, "read", 8),
        ("c9", {"bp": 0x1000}, 0x1000, "read", 8),  # leave
        ("d7", {"bx": 0x1000, "ax": 0x7F12}, 0x1012, "read", 1),  # xlat
        ("f348ab", {"di": 0x1000, "cx": 4}, 0x1000, "write", 8),  # rep stosq
        ("c5fe7f07", {"di": 0x1000}, 0x1000, "write", 32),  # vmovdqu
    ],
)
def test_the_sum_of_one_operand(
    code: str, registers: dict[str, int], address: int, kind: str, size: int
) -> None:
    found = of(code, **registers)
    assert (found.address, found.kind.value, found.size) == (address, kind, size)


@pytest.mark.parametrize("code", ["488d4708", "0f1f4000", "0f1807", "f30f1efa", "4889c7"])
def test_lea_nop_and_prefetch_access_nothing(code: str) -> None:
    assert of(code, di=0, ax=0).operands == ()


def test_two_operands_are_told_apart_by_cr2() -> None:
    moves = of("48a5", cr2=0x2000, si=0x1000, di=0x2000)  # movsq
    assert (moves.address, moves.kind) == (0x2000, AccessKind.WRITE)
    calls = of("ff5018", cr2=0x18, ax=0, sp=0xFFFF_C900_0001_3000)  # call [rax+0x18]
    assert (calls.address, calls.kind) == (0x18, AccessKind.READ)
    assert calls.operand is not None
    assert not calls.operand.implicit


def test_two_operands_are_told_apart_by_the_error_code() -> None:
    assert of("48a5", error_code=2, si=0x1000, di=0x2000).address == 0x2000
    assert of("48a5", error_code=0, si=0x1000, di=0x2000).address == 0x1000


def test_a_page_fault_without_cr2_says_so() -> None:
    assert "cr2-unknown" in rules(of("488b07", di=8))
    assert "cr2-unknown" not in rules(of("488b07", cr2=8, di=8))
    assert "cr2-unknown" not in rules(of("488b07", vector=13, error_code=0, di=1 << 63))


def test_two_candidates_are_both_named() -> None:
    found = of("48a5", si=0x1000, di=0x2000)
    assert found.operand is None
    assert found.address is None
    assert "several-operands" in rules(found)


def test_an_access_across_a_page_faults_in_the_second() -> None:
    found = of("488b07", cr2=0x2000, di=0x1FFC)
    assert (found.address, "cr2-agrees" in rules(found)) == (0x2000, True)
    assert "cr2-contradicts" in rules(of("488b07", cr2=0x2008, di=0x1FFC))


def test_a_repeated_instruction_may_fault_further_on() -> None:
    assert "cr2-agrees" in rules(of("f348a5", cr2=0x3000, si=0x2000, di=KERNEL, cx=0x400))
    assert "cr2-contradicts" in rules(of("f348a5", cr2=0x5000, si=0x2000, di=KERNEL, cx=0x400))


def test_the_error_code_is_held_against_the_instruction() -> None:
    assert "error-code-contradicts" in rules(of("488b07", error_code=2, cr2=0, di=0))
    assert "error-code-contradicts" not in rules(of("488b07", error_code=0, cr2=0, di=0))
    assert "error-code-contradicts" in rules(of("488b07", error_code=4, cr2=0, di=0))
    assert "error-code-reserved" in rules(of("488b07", error_code=9, cr2=0, di=0))
    assert of("48ff07", error_code=2, cr2=0, di=0).kind is AccessKind.WRITE


def test_smap_and_smep() -> None:
    assert "smap" in rules(of("488b07", error_code=1, cr2=0x400000, di=0x400000, flags=2))
    open_ = of("488b07", error_code=1, cr2=0x400000, di=0x400000, flags=1 << 18)
    assert "smap" not in rules(open_)
    jumped = AccessFacts(vector=14, error_code=0x11, cr2=0x400000)
    assert "smep" in rules(faulting_access(b"", {"ip": 0x400000}, jumped))


@pytest.mark.parametrize(
    ("base", "rule"),
    [
        (0, "null-offset"),
        (0xDEAD_0000_0000_0100, "list-poison"),
        (0xDEAD_0000_0000_0122, "list-poison"),
        (0x6B6B_6B6B_6B6B_6B6B, "slab-poison"),
        (0x5A5A_5A5A_5A5A_5A5A, "slab-poison"),
        (0x6B6B_6B6B, "slab-poison"),
        (0xAAAA_AAAA_AAAA_AAAA, "page-poison"),
        (0xBBBB_BBBB_BBBB_BBBB, "red-zone"),
        (0xD841_56C5_6356_88C0, "red-zone"),
        (2**64 - 12, "err-ptr"),
        (int.from_bytes(b"hostname", "little"), "ascii"),
        (0x0001_3F58, None),
        (0xFFFF_FFFF_8E00_3F58, None),
        (KERNEL & 0xFFFF_FFFF, "truncated-pointer"),
        (KERNEL >> 32, "truncated-pointer"),
        (0xFFFF_C900_0000_FFF0, "guard-page"),
        (0xFFFF_C900_0001_4000, "guard-page"),
        (0x0000_7FFD_0000_0000, "user-address"),
        (0x8000_0000_0000_0000, "non-canonical"),
        (KERNEL, None),
    ],
)
def test_the_class_of_a_bad_pointer(base: int, rule: str | None) -> None:
    known = {"null-offset", "list-poison", "slab-poison", "page-poison", "red-zone", "err-ptr"}
    known |= {"ascii", "truncated-pointer", "guard-page"}
    found = rules(of("488b07", di=base, si=KERNEL))
    assert rule in found if rule else not known & found


@pytest.mark.parametrize("code", ["488b4708", "488b47f8", "488b4418f0"])
def test_null_plus_and_minus_an_offset(code: str) -> None:
    assert "null-offset" in rules(of(code, di=0, ax=0, bx=0x20))


def test_an_index_of_zero_is_no_null_pointer() -> None:
    assert "null-offset" not in rules(of("488b0438", ax=KERNEL, di=0))
    assert "null-offset" not in rules(of("488b0438", ax=0x2369_1D60, di=0))
    assert "null-offset" in rules(of("488b0438", ax=0x10, di=0))


def test_a_shadow_address_tells_the_address_that_kasan_checked() -> None:
    """cmp byte ptr [rax + rdx], 0 with the shadow's offset in rdx, as GCC inlines the check."""
    found = of("803c1000", vector=13, error_code=0, ax=0x10 >> 3, dx=0xDFFF_FC00_0000_0000)
    told = next(s.text for s in found.statements if s.rule == "kasan-shadow")
    assert "0x10 to 0x17" in told


def test_a_double_fault_tells_where_the_stack_ended() -> None:
    """From the log of a real overflow (trixie-overflow): CR2 is where the CPU could not push."""
    low = 0xFFFF_D0A3_4047_4000
    facts = AccessFacts(
        vector=8,
        error_code=0,
        cr2=0xFFFF_D0A3_4047_3DF8,
        stacks=(TextRange(low, low + 0x4000, "task"),),
    )
    registers = {"sp": 0xFFFF_D0A3_4047_3E00, "di": 0xFFFF_D0A3_4047_3E00, "cx": 0x20}
    found = faulting_access(bytes.fromhex("f348ab"), registers, facts)
    assert found is not None
    assert found.address == registers["di"]
    assert {"exception-push", "stack-overflow", "guard-page"} <= rules(found)


def test_a_misaligned_vector_and_a_model_specific_register() -> None:
    assert "misaligned" in rules(of("660f6f07", vector=13, error_code=0, di=KERNEL + 1))
    assert "msr" in rules(of("0f30", vector=13, error_code=0, cx=0x1B))


def test_a_quotient_that_does_not_fit() -> None:
    assert "quotient-overflow" in rules(of("48f7f1", vector=0, ax=0, dx=5, cx=1))


@pytest.mark.parametrize("vector", [None, 1, 2, 3, 18, 0xEC])
def test_no_access_raises_an_interrupt(vector: int | None) -> None:
    assert faulting_access(b"\x48\x8b\x07", {"di": 0}, AccessFacts(vector=vector)) is None
