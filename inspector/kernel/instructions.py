# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instruction of a frame, and text without the bytes that probes planted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from drgn import Object, container_of
from drgn.helpers.linux.mm import access_process_vm

from inspector.errors import InspectorError, TargetError
from inspector.facts.addresses import PAGE_SIZE
from inspector.formats.x86 import decode
from inspector.kernel.ftrace import NOP5, SITE_SIZE, FtraceSites
from inspector.kernel.kprobes import registered_probes
from inspector.model.access import DecodedInstruction, InstructionPlace, Planted
from inspector.model.evidence import Unread
from inspector.model.frame import Frame
from inspector.model.origin import Origin
from inspector.model.record import KprobeFlags
from inspector.model.stack import TextRange
from inspector.target.faults import fact, reading
from inspector.target.target import Target, variable

# The instruction that IBT wants at the target of an indirect branch.

# is_endbr(), asm/ibt.h: ENDBR64, ENDBR32, and the two NOPs that poison it.
ENDBR = (b"\xf3\x0f\x1e\xfa", b"\xf3\x0f\x1e\xfb", b"\x66\x0f\x1f\x00", b"\x0f\x1f\x40\xd6")
ENDBR_SIZE = 4


# Text as the compiler left it: what kprobes and ftrace put there undone.
#
# ``recover_probed_instruction()``, arch/x86/kernel/kprobes/core.c.

_JMP = 0xE9


@dataclass(frozen=True, slots=True)
class ProbedBytes:
    """A kprobe's address, and the bytes that stood there before it.

    :ivar enabled: it is not KPROBE_FLAG_DISABLED
    """

    address: int
    original: bytes
    enabled: bool


class OriginalText:
    """Reads the text of one target without planted bytes."""

    def __init__(self, target: Target, sites: FtraceSites) -> None:
        self._target = target
        self._sites = sites
        self._kprobes = fact("kprobe_table", lambda: variable(target, "kprobe_table"))
        self._probed: list[ProbedBytes] = []
        with reading("kprobe_table"):
            if isinstance(self._kprobes, int):
                self._probed += map(self._of, registered_probes(target))

    def read(self, part: TextRange) -> bytes:
        """The bytes of ``part``.

        :raises Unreadable: if any of them is missing
        :raises TargetError: if it is not known who changed them
        """
        text = bytearray(self._target.certain(part.low, part.high - part.low))
        if isinstance(self._kprobes, Unread):
            raise TargetError(self._kprobes.reason, self._kprobes.rule)
        for site in self._sites.within(part.low - SITE_SIZE, part.high):
            _overlay(text, site - part.low, NOP5)
        for probe in self._probed:
            _overlay(text, probe.address - part.low, probe.original)
        return bytes(text)

    def enabled_within(self, low: int, high: int) -> tuple[int, ...]:
        """The addresses in ``[low, high)`` where a kprobe is, and is enabled."""
        return tuple(
            sorted(p.address for p in self._probed if p.enabled and low <= p.address < high)
        )

    def _of(self, probe: Object) -> ProbedBytes:
        address, flags = probe.addr.value_(), KprobeFlags(probe.flags.value_() & 31)
        enabled = not flags & (KprobeFlags.DISABLED | KprobeFlags.GONE)
        if flags & (KprobeFlags.FTRACE | KprobeFlags.GONE):
            return ProbedBytes(address, b"", enabled)  # no byte of its own
        original = bytes([probe.opcode.value_()])
        # Set when it is queued too: only the text tells whether the jump is there.
        if flags & KprobeFlags.OPTIMIZED and self._target.read(address, 1)[0] == _JMP:
            optimised = container_of(probe, "struct optimized_kprobe", "kp")
            original += bytes(byte.value_() for byte in optimised.optinsn.copied_insn)
        return ProbedBytes(address, original, enabled)


def _overlay(text: bytearray, at: int, patch: bytes) -> None:
    for i, byte in enumerate(patch, at):
        if 0 <= i < len(text):
            text[i] = byte


# The instruction that a frame is about, decoded from text or from user memory.

_LONGEST = 15  # bytes of an x86 instruction
_PLANTED = {0xCC: Planted.INT3, 0xE9: Planted.JUMP, 0xE8: Planted.CALL}
# What enters the kernel from user space: two bytes each. INT3 has one.
_ENTERING = (b"\x0f\x05", b"\x0f\x34", b"\xcd\x80")
_INT3 = b"\xcc"
_TRAPS_BEHIND = (Origin.INT3, Origin.INT3_STEP, Origin.OPTPROBE)
_AFTER_SYSCALL = (Origin.FORK_CHILD,)


class Instructions:
    """Decodes for one target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def of(self, frame: Frame) -> DecodedInstruction | None:
        """The instruction before or at the frame's ip, None where its bytes are missing."""
        if "ip" in frame.absent or not frame.registers.ip:
            return None
        try:
            return self._of_user(frame) if frame.user_mode else self._of_kernel(frame)
        except InspectorError:
            return None  # text is left out of a dump as often as not

    def at_entry(self, frame: Frame) -> bool:
        """Whether only ENDBR and the call for ftrace lie between a function's symbol and here."""
        if frame.user_mode or "ip" in frame.absent:
            return False
        address = _kernel_address(frame)
        location = self._target.locate(address)
        if location is None or location.offset > ENDBR_SIZE + SITE_SIZE:
            return False
        try:
            text = self._original.read(TextRange(address - location.offset, address, ""))
        except InspectorError:
            return False
        if text[:ENDBR_SIZE] in ENDBR:
            text = text[ENDBR_SIZE:]
        return text in (b"", NOP5)

    @cached_property
    def _original(self) -> OriginalText:
        return OriginalText(self._target, FtraceSites(self._target))

    def _of_kernel(self, frame: Frame) -> DecodedInstruction | None:
        address = _kernel_address(frame)
        size = _LONGEST
        try:
            code = self._original.read(TextRange(address, address + size, ""))
        except InspectorError:
            size = PAGE_SIZE - address % PAGE_SIZE  # it may be the last of its text
            code = self._original.read(TextRange(address, address + min(size, _LONGEST), ""))
        moment = InstructionPlace.AT if address == frame.registers.ip else InstructionPlace.BEFORE
        decoded = _first(code, address, moment)
        now = self._target.read(address, 1)
        if decoded is None or now == decoded.code[:1]:
            return decoded
        return DecodedInstruction(address, decoded.code, decoded.text, moment, _PLANTED.get(now[0]))

    def _of_user(self, frame: Frame) -> DecodedInstruction | None:
        ip = frame.registers.ip
        for before in _before(frame):
            code = self._user(frame, ip - len(before), len(before))
            if code == before:
                return _first(code, ip - len(before), InstructionPlace.BEFORE)
        if frame.origin in _AFTER_SYSCALL or frame.origin.is_syscall:
            return None  # what it goes on with explains nothing
        size = min(_LONGEST, PAGE_SIZE - ip % PAGE_SIZE)
        return _first(self._user(frame, ip, size), ip, InstructionPlace.AT)

    def _user(self, frame: Frame, address: int, size: int) -> bytes:
        if frame.task is None:
            return b""
        task = Object(self._target.prog, "struct task_struct *", frame.task.address)
        with reading(f"user memory of pid {frame.task.pid}"):
            if not task.mm:
                return b""
            return bytes(access_process_vm(task, address, size))


def _kernel_address(frame: Frame) -> int:
    """The address of the instruction that made the frame, else of the next one to run."""
    ip = frame.registers.ip
    if frame.kprobe is not None and frame.kprobe.address in (ip, ip - 1):
        return frame.kprobe.address
    if frame.record is not None and frame.record.probe.address in (ip, ip - 1):
        return frame.record.probe.address
    return ip - 1 if frame.origin in _TRAPS_BEHIND else ip


def _before(frame: Frame) -> tuple[bytes, ...]:
    if frame.origin.is_syscall or frame.origin in _AFTER_SYSCALL:
        return _ENTERING
    return (_INT3,) if frame.origin is Origin.INT3 else ()


def _first(code: bytes, address: int, moment: InstructionPlace) -> DecodedInstruction | None:
    found = decode(code, address).instructions
    if not found:
        return None
    one = found[0]
    return DecodedInstruction(address, code[: one.size], one.text, moment)
