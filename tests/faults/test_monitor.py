# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU monitor that does not do its part: one clear line, status 2, in bounded time.

Each is a socket of this test that says what QEMU would say, up to where it fails. What a real
guest answers is tests/guest's.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.answers import Answers, assert_one_line

MONITOR = "a QEMU monitor that is silent, hangs up, talks rubbish, or never ends its line"
GREETING = b'{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}}}\r\n'
LONGEST = 50  # seconds: a greeting and an answer that do not come

Talk = Callable[[socket.socket], None]


@contextmanager
def monitor(path: Path, talk: Talk) -> Iterator[None]:
    """Somebody who accepts one connection at ``path`` and then does ``talk``."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):  # the command may hang up first
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(10)
        assert not thread.is_alive()


def until_hung_up(connection: socket.socket) -> None:
    while connection.recv(1 << 16):
        pass


def silent(connection: socket.socket) -> None:
    until_hung_up(connection)


def hangs_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def rubbish(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example.org ESMTP\r\n")
    until_hung_up(connection)


def endless(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"x" * 65536)


def greets_only(connection: socket.socket) -> None:
    connection.sendall(GREETING)
    until_hung_up(connection)


def dies_after_greeting(connection: socket.socket) -> None:
    connection.sendall(GREETING)
    connection.recv(1)


def answers_rubbish(connection: socket.socket) -> None:
    connection.sendall(GREETING)
    while connection.recv(1 << 16):
        connection.sendall(b"[[[[\r\n")


def says(last: bytes | None) -> Talk:
    """Somebody who shakes hands, and to the first question about the machine says ``last``."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(GREETING)
        with connection.makefile("rb") as questions:
            for question in questions:
                if json.loads(question)["execute"] == "qmp_capabilities":
                    connection.sendall(b'{"return": {}}\r\n')
                elif last is None:
                    connection.shutdown(socket.SHUT_RDWR)
                else:
                    connection.sendall(last)

    return talk


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        pytest.param(silent, "it does not greet", id="silent"),
        pytest.param(hangs_up, "the connection was closed", id="hangs up"),
        pytest.param(rubbish, "QMP", id="rubbish"),
        pytest.param(endless, "it does not greet", id="endless line"),
        pytest.param(dies_after_greeting, "", id="dies after its greeting"),
        pytest.param(answers_rubbish, "", id="answers rubbish"),
        pytest.param(says(None), "", id="dies after the handshake"),
        pytest.param(says(b'{"return": []}\r\n'), "", id="answers something else"),
        pytest.param(says(b'{"error": 1}\r\n'), "", id="an error without a reason"),
        pytest.param(greets_only, "gives no answer", id="silent after its greeting"),
    ],
)
def test_it_is_given_up_in_one_line(
    talk: Talk, reason: str, answers: Answers, tmp_path: Path
) -> None:
    path = tmp_path / "qmp"
    with monitor(path, talk):
        answer = answers.ask(MONITOR, "frames", "--qemu", path)
    assert (answer.status, answer.stdout) == (2, "")
    assert_one_line(answer, reason)
    assert answer.seconds < LONGEST
