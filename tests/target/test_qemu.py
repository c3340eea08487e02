# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text of QEMU 7.2's `info registers -a` on a real guest; tests/guest asks a live one."""

from inspector.target.qemu import parse

TEXT = """\r
CPU#0\r
RAX=ffffffff9106ab00 RBX=0000000000000000 RCX=00000000c0000080 RDX=0000000000000000\r
RSI=00000000000000ff RDI=00000000000000f0 RBP=ffff88fc1f019040 RSP=ffffd16ac045ff08\r
R8 =0000000000000001 R9 =0000000000000000 R10=0000000000000000 R11=0000000000000000\r
R12=0000000000000000 R13=0000000000000000 R14=0000000000000000 R15=000000000000000f\r
RIP=ffffffff9103d023 RFL=00000093 [--S-A-C] CPL=0 II=0 A20=1 SMM=0 HLT=1\r
ES =0000 0000000000000000 00000000 00000000\r
CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r
SS =0000 0000000000000000 00000000 00000000\r
FPR0=0000000000000000 0000 FPR1=0000000000000000 0000\r
\r
CPU#1\r
RIP=0000000000401752 RFL=00000246 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0\r
CS =0033 0000000000000000 ffffffff 00affb00 DPL=3 CS64 [-RA]\r
"""


def test_registers_of_every_vcpu_are_told_by_the_names_of_pt_regs() -> None:
    cpus = parse(TEXT)
    assert set(cpus) == {0, 1}
    assert cpus[0]["ip"] == 0xFFFFFFFF9103D023
    assert cpus[0]["sp"] == 0xFFFFD16AC045FF08
    assert (cpus[0]["flags"], cpus[0]["cs"], cpus[0]["ss"]) == (0x93, 0x10, 0)
    assert (cpus[0]["r8"], cpus[0]["r15"], cpus[0]["cx"]) == (1, 15, 0xC0000080)
    assert cpus[1]["cs"] == 0x33


def test_text_without_a_cpu_tells_nothing() -> None:
    assert parse("") == {}
