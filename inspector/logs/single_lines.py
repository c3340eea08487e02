# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames that one line tells: a signal's, a vsyscall's, a bad signal frame's, a machine check's."""

from __future__ import annotations

import re

from inspector.classify.exceptions import origin_of
from inspector.logs.block import RawFrame
from inspector.logs.headlines import Headline, Part
from inspector.logs.lines import Line
from inspector.model.oops import Shape
from inspector.model.origin import Origin

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
    raw = _raw(line, Shape.TRAP_LINE, said, {"ip": _word(ip), "sp": _word(sp)})
    raw.user = True
    return raw


def _vsyscall(line: Line) -> RawFrame | None:
    found = _VSYSCALL.match(line.text)
    if found is None:
        return None
    words = zip(("ip", "cs", "sp", "ax", "si", "di"), found.groups(), strict=True)
    why = "emulate_vsyscall() is called by the handler of #PF, with its frame"
    said = _headline(line, "vsyscall", Origin.PAGE_FAULT, 14, None, why)
    raw = _raw(line, Shape.PRINTED, said, {name: int(word, 16) for name, word in words})
    raw.user = True
    return raw


def _bad_frame(line: Line) -> RawFrame | None:
    found = _BAD_FRAME.match(line.text)
    if found is None:
        return None
    words = zip(("ip", "sp", "orig_ax"), found.groups(), strict=True)
    raw = _raw(line, Shape.PRINTED, None, {name: int(word, 16) for name, word in words})
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
    raw = _raw(line, Shape.PRINTED, said, registers)
    raw.place = (found[4] or "").strip()
    raw.function = raw.place.partition("+")[0]
    raw.reader = "mce"
    return raw


def _raw(line: Line, shape: Shape, said: Headline | None, registers: dict[str, int]) -> RawFrame:
    return RawFrame(line.number, shape, registers, headline=said, under=said, reader="line")


def _headline(
    line: Line, kind: str, origin: Origin, vector: int, code: int | None, why: str
) -> Headline:
    text = line.text.strip()
    return Headline(line.number, text, kind, Part.BEGINS, (origin,), vector, code, why)


def _word(text: str) -> int:
    return 0 if text == "(null)" else int(text, 16)
