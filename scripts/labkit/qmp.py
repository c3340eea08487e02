# SPDX-License-Identifier: LGPL-2.1-or-later
"""QEMU's control socket: just enough to stop a guest, strike it, and have it dumped."""

import json
import socket
from pathlib import Path
from types import TracebackType

from labkit.errors import LabError


class Qmp:
    def __init__(self, path: Path, limit: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(limit)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self._lines.readline()  # the greeting
        self.execute("qmp_capabilities")

    def __enter__(self) -> "Qmp":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        self._socket.close()

    def monitor(self, line: str) -> str:
        """What the monitor for humans answers to ``line``."""
        return str(self.execute("human-monitor-command", **{"command-line": line}))

    def execute(self, command: str, **arguments: object) -> object:
        """Send one command and wait for its answer; events in between are skipped."""
        message = {"execute": command, "arguments": arguments}
        try:
            self._socket.sendall(json.dumps(message).encode())
            for line in self._lines:
                answer = json.loads(line)
                if "error" in answer:
                    raise LabError(f"QEMU refused {command}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]
        except TimeoutError:
            raise LabError(f"QEMU did not answer {command} in time") from None
        raise LabError(f"QEMU ended during {command}")
