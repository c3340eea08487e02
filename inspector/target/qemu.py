# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU guest through its monitor (QMP), on one connection shared with drgn.

A monitor serves one client at a time. drgn takes a connected socket, shakes hands and then
speaks only when it is asked for memory; in between, so can we.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
from collections.abc import Mapping
from time import monotonic, sleep

from drgn import Program

from inspector.errors import TargetError
from inspector.target.faults import opening

Registers = Mapping[str, int]
"""Name, as in ``struct pt_regs``, → value."""

_CPU = re.compile(r"^CPU#(\d+)$", re.M)
_WORD = re.compile(r"\b(R[A-Z0-9]{1,2}|RFL) ?=([0-9a-f]{16}|[0-9a-f]{8})\b")
_SEGMENT = re.compile(r"^(CS|SS) =([0-9a-f]{4}) ", re.M)

_NAMES = {f"R{n.upper()}": n for n in ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip")}
_NAMES |= {f"R{n}": f"r{n}" for n in range(8, 16)} | {"RFL": "flags"}

_GREETS = 10  # seconds until one that says nothing is given up: it may serve somebody else
_ANSWERS = 30  # seconds that an answer may take, drgn's questions too
_LONGEST = 16 << 20  # bytes of an answer
_LONGEST_GREETING = 1 << 14
_NO_GREETING = "it does not greet; it serves one client at a time"
_LOOKS_AGAIN = 0.02  # seconds; half a greeting is rare
_CONT = '{"execute": "cont", "id": "goes on"}\r\n'

# Ours may be killed where nothing of ours runs any more: then stdin ends without a line. A
# monitor that is hung up on forgets what it was asked: so the answer is waited for.
_GUARDIAN = """
trap "" INT TERM HUP
read -r _ && exit
printf %s "$1"
while read -r line <&1; do case $line in *"goes on"*) exit ;; esac done
"""


class Monitor:
    """The connection to one guest's QMP.

    :param address: a path, or ``HOST:PORT``, as drgn takes it
    :raises TargetError: if nobody answers there
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._guardian: subprocess.Popen[bytes] | None = None
        try:
            self._socket = _connect(address)
        except (OSError, ValueError) as error:
            raise TargetError(f"{address}: no QEMU monitor answers: {error}") from None

    def hand_over(self, prog: Program) -> None:
        """Let drgn shake hands, and read the guest's memory from now on."""
        with opening(self._address):
            prog.set_qemu_qmp(self._socket.dup().detach())

    @property
    def paused(self) -> bool:
        """Whether no vCPU runs."""
        status = self._execute("query-status")
        return not (isinstance(status, dict) and status.get("running"))

    def pause(self) -> None:
        """Stop the guest, unless it is stopped already; :meth:`close` makes it go on.

        So does a process of its own, however ours may end.
        """
        if self.paused:
            return
        self._guardian = subprocess.Popen(
            ["/bin/sh", "-c", _GUARDIAN, "sh", _CONT],
            stdin=subprocess.PIPE,
            stdout=self._socket.fileno(),
            start_new_session=True,
        )
        self._execute("stop")

    def close(self) -> None:
        """Resume a guest that :meth:`pause` stopped, and disconnect."""
        try:
            if self._guardian is not None:
                self._resume(self._guardian)
        finally:
            self._socket.close()

    def _resume(self, guardian: subprocess.Popen[bytes]) -> None:
        assert guardian.stdin is not None
        try:
            self._execute("cont")
            guardian.stdin.write(b"done\n")
        finally:
            guardian.stdin.close()  # without that line it makes the guest go on itself
            guardian.wait()

    def vcpu_registers(self) -> dict[int, Registers]:
        """CPU number → registers, of a paused guest: of a running one they mean nothing."""
        arguments = {"command-line": "info registers -a"}
        return parse(str(self._execute("human-monitor-command", arguments)))

    def _execute(self, command: str, arguments: Mapping[str, object] | None = None) -> object:
        message = {"execute": command, "arguments": arguments or {}}
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\r\n")
            return self._answer(command)
        except BlockingIOError:  # SO_RCVTIMEO ran out
            raise TargetError(f"{self._address}: no answer to {command}") from None
        except (OSError, ValueError, RecursionError) as error:
            raise TargetError(f"{self._address}: no answer to {command}: {error}") from None

    def _answer(self, command: str) -> object:
        """The response to the last command; skips events."""
        deadline = monotonic() + _ANSWERS
        while True:
            answer = json.loads(self._line(deadline))
            if not isinstance(answer, dict):
                raise ValueError("it is none")
            if "error" in answer:
                raise TargetError(f"{self._address}: {command}: {_description(answer['error'])}")
            if "return" in answer:
                return answer["return"]

    def _line(self, deadline: float) -> bytes:
        """Read one line and not a byte more: the rest belongs to drgn."""
        line = bytearray()
        while not line.endswith(b"\n"):
            there = self._socket.recv(1 << 16, socket.MSG_PEEK)
            if not there:
                raise OSError("the connection was closed")
            line += self._socket.recv(there.find(b"\n") + 1 or len(there))
            if len(line) > _LONGEST or monotonic() > deadline:
                raise OSError("the answer does not end")
        return bytes(line)


def _description(error: object) -> str:
    return str(error.get("desc")) if isinstance(error, dict) else "an error"


def _connect(address: str) -> socket.socket:
    host, colon, port = address.rpartition(":")
    if address[:1] in ("/", ".") or not colon or not port.isdecimal():
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
    else:
        connection = socket.create_connection((host or "localhost", int(port)))
    try:
        _wait_for_greeting(connection)
    except BaseException:
        connection.close()
        raise
    limit = struct.pack("ll", _ANSWERS, 0)  # struct timeval; drgn's own reads end by it too
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    return connection


def _wait_for_greeting(connection: socket.socket) -> None:
    """A monitor greets at once; one that does not has another client.

    The greeting is drgn's to take: it is only looked at.
    """
    connection.settimeout(_GREETS)
    deadline, greeting = monotonic() + _GREETS, b""
    while b"\n" not in greeting:
        try:
            seen = connection.recv(_LONGEST_GREETING, socket.MSG_PEEK)
        except TimeoutError:
            raise OSError(_NO_GREETING) from None
        if not seen:
            raise OSError("the connection was closed")
        if monotonic() > deadline or len(seen) == _LONGEST_GREETING:
            raise OSError(_NO_GREETING)
        if seen == greeting:
            sleep(_LOOKS_AGAIN)
        greeting = seen
    if b'"QMP"' not in greeting:
        raise OSError("the answer is not QMP")
    connection.settimeout(None)


def parse(text: str) -> dict[int, Registers]:
    """What ``info registers -a`` prints (target/i386/cpu-dump.c, x86_cpu_dump_state())."""
    parts = _CPU.split(text.replace("\r", ""))
    return {
        int(number): _of_cpu(part) for number, part in zip(parts[1::2], parts[2::2], strict=True)
    }


def _of_cpu(text: str) -> Registers:
    found = {_NAMES[name]: int(value, 16) for name, value in _WORD.findall(text) if name in _NAMES}
    segments = {name.lower(): int(value, 16) for name, value in _SEGMENT.findall(text)}
    return found | segments
