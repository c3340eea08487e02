# SPDX-License-Identifier: LGPL-2.1-or-later
"""The instruction that a frame is about, decoded from text or from user memory."""

from __future__ import annotations

from functools import cached_property

from drgn import Object
from drgn.helpers.linux.mm import access_process_vm

from inspector.decoder import decode
from inspector.errors import InspectorError
from inspector.kernel.endbr import ENDBR, ENDBR_SIZE
from inspector.kernel.ftrace_sites import NOP5, SITE_SIZE, FtraceSites
from inspector.kernel.original_text import OriginalText
from inspector.model.frame import Frame
from inspector.model.instruction import DecodedInstruction, Moment, Planted
from inspector.model.origin import Origin
from inspector.model.probe_site import TextRange
from inspector.target.faults import reading
from inspector.target.target import Target

_LONGEST = 15  # bytes of an x86 instruction
_PAGE = 4096
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
            size = _PAGE - address % _PAGE  # it may be the last of its text
            code = self._original.read(TextRange(address, address + min(size, _LONGEST), ""))
        moment = Moment.AT if address == frame.registers.ip else Moment.BEFORE
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
                return _first(code, ip - len(before), Moment.BEFORE)
        if frame.origin in _AFTER_SYSCALL or frame.origin.is_syscall:
            return None  # what it goes on with explains nothing
        size = min(_LONGEST, _PAGE - ip % _PAGE)
        return _first(self._user(frame, ip, size), ip, Moment.AT)

    def _user(self, frame: Frame, address: int, size: int) -> bytes:
        if frame.task is None:
            return b""
        task = Object(self._target.prog, "struct task_struct *", frame.task.address)
        with reading(f"user memory of pid {frame.task.pid}"):
            if not task.mm:
                return b""
            return bytes(access_process_vm(task, address, size))


def _kernel_address(frame: Frame) -> int:
    """Of the instruction that made the frame; else of the one to go on with."""
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


def _first(code: bytes, address: int, moment: Moment) -> DecodedInstruction | None:
    found = decode(code, address).instructions
    if not found:
        return None
    one = found[0]
    return DecodedInstruction(address, code[: one.size], one.text, moment)
