# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the guest: runs what the second serial port says, one script at a time.

A request and its answer are a line of JSON each; what a script printed goes back
compressed. Its streams are files, so that what it leaves running keeps nobody waiting.
"""

import base64
import json
import os
import pwd
import signal
import subprocess
import tempfile
import termios
import time
import tty
import zlib
from pathlib import Path
from typing import IO, Any

_PORT = "/dev/ttyS1"


def main() -> None:
    port = os.open(_PORT, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port, termios.TCSANOW)
    with os.fdopen(port, "r+b", buffering=0) as raw:
        Path("/dev/console").write_text("LAB: ready\n")
        while line := _line(raw):
            request = json.loads(line)
            answer = {"id": request["id"], **_run(request)}
            _write(raw, json.dumps(answer).encode() + b"\n")


def _line(raw: IO[bytes]) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += raw.read(4096)
    return line


def _write(raw: IO[bytes], data: bytes) -> None:
    while data:
        data = data[raw.write(data) :]


def _run(request: dict[str, Any]) -> dict[str, object]:
    user = pwd.getpwnam(request["user"])
    start = time.monotonic()
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        given.write(request["stdin"].encode())
        given.seek(0)
        process = subprocess.Popen(
            ["/bin/sh", "-c", request["script"]],
            stdin=given,
            stdout=stdout,
            stderr=stderr,
            cwd="/tmp",
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(request["limit"])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
        return {
            "status": status,
            "seconds": round(time.monotonic() - start, 3),
            "stdout": _packed(stdout),
            "stderr": _packed(stderr),
        }


def _packed(file: IO[bytes]) -> str:
    file.seek(0)
    return base64.b64encode(zlib.compress(file.read())).decode()


main()
