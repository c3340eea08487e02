# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the host to the agent in a guest (live_guest/agent.py): one script at a time."""

import base64
import json
import os
import socket
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from labkit.errors import LabError

_GRACE = 30  # seconds more than the guest gives itself; an emulated one is slow to answer


@dataclass(frozen=True, slots=True)
class Ran:
    """:ivar status: of the script; None where it was killed at its limit"""

    status: int | None
    stdout: bytes
    stderr: bytes
    seconds: float  # of the guest's time


def run_in_guest(
    channel: Path, script: str, *, user: str = "root", stdin: str = "", limit: float = 60
) -> Ran:
    """Run ``script`` by the guest's ``sh``, as ``user``.

    :raises LabError: if nobody answers
    """
    number = int.from_bytes(os.urandom(6), "big")
    request = {"id": number, "script": script, "user": user, "stdin": stdin, "limit": limit}
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(limit + _GRACE)
            connection.connect(str(channel))
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                return _answer(lines, number)
    except OSError as error:
        raise LabError(f"{channel}: the guest does not answer: {error}") from None


def _answer(lines: IO[bytes], number: int) -> Ran:
    for line in lines:
        answer = json.loads(line)
        if answer["id"] == number:  # else of one who did not wait for it
            return Ran(
                answer["status"],
                _unpacked(answer["stdout"]),
                _unpacked(answer["stderr"]),
                answer["seconds"],
            )
    raise LabError("the guest ended before it answered")


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
