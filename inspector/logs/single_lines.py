# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registers in a single line of a log: signals, vsyscalls, machine checks, printk(), tracers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inspector.facts.cpu import CODE_SEGMENTS, DATA_SEGMENTS
from inspector.logs.block import RawFrame
from inspector.logs.headlines import Headline, Part
from inspector.logs.lines import Line
from inspector.model.oops import FrameShape
from inspector.model.origin import Origin, origin_of

# Registers that a line names: of a printk, a debugger, a tracer (``orig_ax regs:0  ax:184…``).

_NAME = (
    r"orig_?[re]?ax|orax|r?(?:ax|bx|cx|dx|si|di|bp|sp|ip)|r(?:0?8|0?9|1[0-5])|[re]?flags|efl|cs|ss"
)
_TOKEN = re.compile(
    r"(?<![\w>.$@-])(?P<prefix>(?:pt_)?regs?(?:->|\.)|ctx(?:->|\.)|%)?['\"]?\.?"
    rf"(?P<name>{_NAME})['\"]?"
    r"(?:[ _]regs?)?\s*(?:[:=]+|is)\s*(?P<cast>\((?:unsigned |long|int|short|u\d+|__u\d+| )+\))?\s*"
    r"(?P<value>0[xX][0-9a-fA-F]{1,16}|-?[0-9a-fA-F]{1,20})(?![\w.:])",
    re.IGNORECASE,
)
# gdb: "rip            0xffffffff81060f06      0xffffffff81060f06 <native_safe_halt+6>"
_GDB = re.compile(
    r"(?P<name>orig_rax|r(?:ax|bx|cx|dx|si|di|bp|sp|ip|8|9|1[0-5])|eflags|cs|ss)\s+"
    r"(?P<value>0x[0-9a-f]{1,16})(?:\s+(?:-?\d+|0x[0-9a-f]+.*|\[.*\]|\(.*\)))?\s*$"
)
_STRONG = re.compile(r"orig_?[re]?ax|r(?:ax|bx|cx|dx|si|di|bp|sp|ip|8|9|1[0-5])", re.IGNORECASE)
_CHEAP = re.compile(
    r"(?:[a-z]x|[sib]p|[sd]i|[cs]s)['\"]?\s*[:=]|fla|r\d|ax|reg| is ", re.IGNORECASE
)
_NOT_OURS = re.compile(
    r"\bguest\b|\(XEN\)|\bvcpu|\*\*\* (?:Guest|Host)|Sysenter|\brIP:|\bIP:? ?\[|"
    r"traps: PANIC|\bvirtual address|Internal error|\bspec_ctrl|segfault at",
    re.IGNORECASE,
)
_WORD_DIGITS = 16
_LIMIT = 1 << 64
_SEGMENTS = ("cs", "ss")
# asm/segment.h; none of them, read in the other base, is another one
_SELECTORS = frozenset({*CODE_SEGMENTS, *DATA_SEGMENTS})
_ALL = 20  # registers of a whole struct


def printed_registers(text: str, weak: bool = False) -> tuple[dict[str, int], tuple[str, ...]]:
    """Register → word, and which of them may be of another base; empty if the line has none.

    A line with a single name that is also an ordinary word ("flags: 2") is left alone.

    :param weak: such a line counts, too: the line before it told a register
    """
    if _NOT_OURS.search(text):
        return {}, ()
    if found := _GDB.match(text.lstrip()):
        name = _canonical(found["name"])
        return {name: int(found["value"], 16)}, ()
    told: dict[str, int] = {}
    guessed: list[str] = []
    strong = False
    for token in _TOKEN.finditer(text):
        name = _canonical(token["name"])
        value, sure = _selector(token["value"]) if name in _SEGMENTS else _number(token["value"])
        if value is None or name in told:
            continue
        told[name] = value
        strong |= bool(token["prefix"] or token["cast"] or _STRONG.fullmatch(token["name"]))
        if not sure and not token["cast"]:
            guessed.append(name)
    if not strong and not weak and len(told) < 2:
        return {}, ()
    return told, () if len(told) >= _ALL else tuple(guessed)


class Printed:
    """Lines of one printk after another: together they tell one frame."""

    def __init__(self, line: Line, under: Headline | None) -> None:
        self.last = line.number
        self._raw = RawFrame(line.number, FrameShape.PRINTED, under=under, reader="print")
        self._single = 0  # lines with one register each, as a debugger prints a struct

    def takes(self, line: Line, told: dict[str, int], guessed: tuple[str, ...]) -> bool:
        """False if the line is too far away, or says again what was said."""
        if line.number > self.last + 1 or not told.keys().isdisjoint(self._raw.registers):
            return False
        self._raw.registers.update(told)
        self._raw.guessed += guessed
        self._single += len(told) == 1
        self.last = line.number
        return True

    def closed(self) -> RawFrame | None:
        """The frame that the lines made; None where a lone word was none."""
        if len(self._raw.registers) >= _ALL:
            self._raw.guessed = ()  # a whole struct in one base, and that base is decimal
        weak = not self._raw.registers.keys() - {"flags", "cs", "ss"}
        return None if weak and len(self._raw.registers) < 2 else self._raw


def may_print(text: str) -> bool:
    """Whether it is worth to look for registers in the line."""
    return bool(_CHEAP.search(text) or (text[:1] in "rec" and _GDB.match(text)))


def _canonical(name: str) -> str:
    lower = name.lower().replace("_", "")
    if lower.startswith("or"):
        return "orig_ax"
    if lower.endswith("flags") or lower == "efl":
        return "flags"
    if lower in ("r08", "r09"):
        return f"r{lower[2]}"
    return lower[1:] if lower.startswith("r") and lower[1:].isalpha() else lower


def _selector(text: str) -> tuple[int | None, bool]:
    """A selector is one of a few, whatever the base."""
    for base in (16, 10):
        try:
            value = int(text, base) & 0xFFFF
        except ValueError:
            continue
        if value in _SELECTORS:
            return value, True
    return None, True


def _number(text: str) -> tuple[int | None, bool]:
    """The word, and whether its base is beyond doubt."""
    if text[:2].lower() == "0x":
        return int(text, 16), True
    digits = text.removeprefix("-")
    if len(digits) == _WORD_DIGITS or not digits.isdecimal():
        if text != digits or len(digits) > _WORD_DIGITS:
            return None, True
        return int(digits, 16), True
    value = int(text)
    if not -_LIMIT // 2 <= value < _LIMIT:
        return None, True
    return value % _LIMIT, value <= 9


# Frames that one line tells: a signal's, a vsyscall's, a bad signal frame's, a machine check's.

# show_signal_msg(), arch/x86/mm/fault.c; up to 2.6.24 with rip and rsp (arch/x86_64)
_SEGFAULT = re.compile(
    r".*\[\d+\]: segfault at +(?:[0-9a-f]+|\(null\)) r?ip +([0-9a-f]+|\(null\))"
    r" r?sp +([0-9a-f]+|\(null\)) error ([0-9a-f]+)"
)
# show_signal(), arch/x86/kernel/traps.c; up to 2.6.24 with rip and rsp, and "trap int3"
_TRAP = re.compile(
    r"(?:traps: )?.*\[\d+\]:? (?:trap )?(.+?) r?ip:([0-9a-f]+) r?sp:([0-9a-f]+) error:([0-9a-f]+)"
)
_TRAPS = {
    "divide error": 0,
    "divide_error": 0,
    "int3": 3,
    "overflow": 4,
    "bounds": 5,
    "invalid opcode": 6,
    "invalid operand": 6,
    "coprocessor segment overrun": 9,
    "invalid TSS": 10,
    "segment not present": 11,
    "stack segment": 12,
    "general protection": 13,
    "general protection fault": 13,
    "fpu exception": 16,
    "alignment check": 17,
    "simd exception": 19,
    "control protection": 21,
}
# warn_bad_vsyscall(), arch/x86/entry/vsyscall/vsyscall_64.c: every number is %lx
_VSYSCALL = re.compile(
    r".*\[\d+\] .*vsyscall.* ip:([0-9a-f]+) cs:([0-9a-f]+) sp:([0-9a-f]+)"
    r" ax:([0-9a-f]+) si:([0-9a-f]+) di:([0-9a-f]+)"
)
# signal_fault(), arch/x86/kernel/signal.c: every number is %lx
_BAD_FRAME = re.compile(
    r".*\[\d+\] bad frame in .+ frame:\S+ r?ip:([0-9a-f]+) r?sp:([0-9a-f]+) orax:([0-9a-f]+)"
)
# print_mce(), arch/x86/kernel/cpu/mce/core.c; older kernels print it without "mce: "
_MCE = re.compile(
    r"(?:mce: )?(?:\[Hardware Error\]: )?RIP( !INEXACT!)? ([0-9a-f]{2}):<([0-9a-f]{16})>"
    r"\s*(?:\{([^}]*)\})?"
)
_USER_EXCEPTION = "an exception of a user program that ends in a signal"


def frame_line(line: Line) -> RawFrame | None:
    """The frame that the line is about, or None."""
    text = line.text
    if "RIP" in text:
        return _machine_check(line)
    if " error" in text:
        return _trap(line)
    if "vsyscall" in text:
        return _vsyscall(line)
    return _bad_frame(line) if "bad frame in" in text else None


def _trap(line: Line) -> RawFrame | None:
    if found := _SEGFAULT.match(line.text):
        return _signal(line, 14, found[1], found[2], found[3])
    found = _TRAP.match(line.text)
    vector = _TRAPS.get(found[1]) if found else None
    if found is None or vector is None:
        return None
    return _signal(line, vector, found[2], found[3], found[4])


def _signal(line: Line, vector: int, ip: str, sp: str, code: str) -> RawFrame:
    said = _headline(line, "signal", origin_of(vector), vector, int(code, 16), _USER_EXCEPTION)
    raw = _raw(line, FrameShape.TRAP_LINE, said, {"ip": _word(ip), "sp": _word(sp)})
    raw.user = True
    return raw


def _vsyscall(line: Line) -> RawFrame | None:
    found = _VSYSCALL.match(line.text)
    if found is None:
        return None
    words = zip(("ip", "cs", "sp", "ax", "si", "di"), found.groups(), strict=True)
    why = "emulate_vsyscall() is called by the handler of #PF, with its frame"
    said = _headline(line, "vsyscall", Origin.PAGE_FAULT, 14, None, why)
    raw = _raw(line, FrameShape.PRINTED, said, {name: int(word, 16) for name, word in words})
    raw.user = True
    return raw


def _bad_frame(line: Line) -> RawFrame | None:
    found = _BAD_FRAME.match(line.text)
    if found is None:
        return None
    words = zip(("ip", "sp", "orig_ax"), found.groups(), strict=True)
    raw = _raw(line, FrameShape.PRINTED, None, {name: int(word, 16) for name, word in words})
    raw.user = True
    return raw


def _machine_check(line: Line) -> RawFrame | None:
    found = _MCE.match(line.text)
    if found is None:
        return None
    why = "do_machine_check() took ip and cs from the frame of #MC"
    if found[1]:
        why += "; the CPU says that they are not those of the error"
    said = _headline(line, "machine-check", Origin.MACHINE_CHECK, 18, None, why)
    registers = {"cs": int(found[2], 16), "ip": int(found[3], 16)}
    raw = _raw(line, FrameShape.PRINTED, said, registers)
    raw.place = (found[4] or "").strip()
    raw.function = raw.place.partition("+")[0]
    raw.reader = "mce"
    return raw


def _raw(
    line: Line, shape: FrameShape, said: Headline | None, registers: dict[str, int]
) -> RawFrame:
    return RawFrame(line.number, shape, registers, headline=said, under=said, reader="line")


def _headline(
    line: Line, kind: str, origin: Origin, vector: int, code: int | None, why: str
) -> Headline:
    text = line.text.strip()
    return Headline(line.number, text, kind, Part.BEGINS, (origin,), vector, code, why)


def _word(text: str) -> int:
    return 0 if text == "(null)" else int(text, 16)


@dataclass(frozen=True, slots=True)
class Foreign:
    """:ivar name: whose registers they are
    :ivar pattern: a line that nothing else prints
    """

    name: str
    pattern: re.Pattern[str]


def _foreign_of(name: str, pattern: str) -> Foreign:
    return Foreign(name, re.compile(pattern))


# The first that matches a line is taken; each pattern is of one printer's source.
FOREIGN = (
    _foreign_of("the Xen hypervisor's registers", r"\(XEN\) "),
    _foreign_of(
        "the fields of a KVM guest's VMCS (dump_vmcs)",
        r"(?:VMCS 0x\S+, .*|\*\*\* (?:Guest|Host|Control) State \*\*\*)",
    ),
    _foreign_of(
        "the fields of a KVM guest's VMCB (dump_vmcb)", r"VMCB (?:Control|State Save) Area"
    ),
    _foreign_of(
        "a KVM virtual CPU's registers, as QEMU prints them",
        r"KVM internal error|RAX=[0-9a-f]{16} RBX=[0-9a-f]{16}",
    ),
    _foreign_of("a UEFI firmware's registers", r"!!!! X64 Exception Type"),
    _foreign_of("a macOS kernel's registers", r"panic\(cpu \d+ caller 0x"),
    _foreign_of(
        "a FreeBSD kernel's registers", r"instruction pointer\s*= 0x[0-9a-f]+:0x|Fatal trap \d+:"
    ),
    _foreign_of("a 32-bit x86 (i386) kernel's registers", r"\s*EIP: |\s*EAX: [0-9a-f]{8} EBX"),
    _foreign_of(
        "a 64-bit ARM (arm64) kernel's registers",
        r"\s*pstate: [0-9a-f]{8}|\s*x29: ?[0-9a-f]{16}|\s*pc : \[<[0-9a-f]{16}>\]",
    ),
    _foreign_of(
        "a 32-bit ARM kernel's registers",
        r"\s*pc : \[<[0-9a-f]{8}>\]|Internal error: Oops.*\bARM\b",
    ),
    _foreign_of("an s390 kernel's registers", r"\s*(?:Krnl|User) (?:PSW|GPRS|Code) ?:"),
    _foreign_of("a PowerPC (ppc) kernel's registers", r"\s*NIP:\s+[0-9a-f]{8,16} LR:|\s*GPR00: "),
    _foreign_of("a RISC-V (riscv) kernel's registers", r"\s*s?epc ?: [0-9a-f]{8,16} ra ?:"),
    _foreign_of("a MIPS kernel's registers", r"\s*\$ 0   : [0-9a-f]{8}|\s*epc   : [0-9a-f]{8}"),
    _foreign_of(
        "a LoongArch kernel's registers",
        r"\s*pc [0-9a-f]{16} ra [0-9a-f]{16} tp |\s*ERA: [0-9a-f]{16}",
    ),
    _foreign_of("a SPARC kernel's registers", r"\s*TSTATE: [0-9a-f]{16} TPC:"),
    _foreign_of("a PA-RISC kernel's registers", r"\s*IASQ: [0-9a-f]+|\s*IAOQ\[0\]"),
    _foreign_of("an ia64 kernel's registers", r"\s*psr : [0-9a-f]{16} ifs :"),
    _foreign_of(
        "an m68k kernel's registers", r"\s*PC: \[<[0-9a-f]{8}>\] \S+|\s*d0: [0-9a-f]{8}\s+d1: "
    ),
    _foreign_of("an SH kernel's registers", r"\s*PC  : [0-9a-f]{8} SP  : "),
    _foreign_of("an Alpha kernel's registers", r"\s*pc = \[<[0-9a-f]+>\]\s+ra = "),
)


_FIRST = re.compile(
    r"\s*(?:[(*!$]|VM|KVM|RAX=|panic\(|instr|Fatal|E[IAR]|pst|x2|pc|PC|Int|Krnl|User|NIP|GPR|s?epc|TST|IA|psr|d0)"
)


def foreign(text: str) -> Foreign | None:
    """Whose registers the line is of, None where it says no such thing."""
    if not _FIRST.match(text):
        return None
    for one in FOREIGN:
        if one.pattern.match(text):
            return one
    return None
