# SPDX-License-Identifier: LGPL-2.1-or-later
"""From bytes to numbered lines of text: what mail, web pages, journals and pstore put around a log.

A number is that of the line of the file where the text begins, from 1 on. The text is read as a
stream: no more than one line (and what a mail folds into it) is held at a time.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import quopri
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

Numbered = tuple[int, str]

LONGEST = 1 << 16
"""Bytes of one line; what is longer is read as several."""

_HEAD = 1 << 16  # bytes looked at to see what the whole is
_KEYS = ("MESSAGE", "message", "msg", "log")  # the journal's; dmesg -J's; containers'
_PRETTY = re.compile(r'\s*"(?:MESSAGE|message|msg|log)"\s*:\s*("(?:[^"\\]|\\.)*")\s*[,}]*\s*$')
_TRANSFER = re.compile(r"Content-Transfer-Encoding:\s*([\w-]+)", re.IGNORECASE)
_FOLDED = re.compile(rb"^.{70,76}=\r?$", re.MULTILINE)
_TAG = re.compile(
    r"</?(?:a|b|blockquote|body|code|div|em|font|html|i|li|ol|p|pre|samp|span|strong|table|tbody"
    r"|td|th|tr|tt|ul)(?:\s[^<>]*)?/?>"
)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[a-z]{2,6}|#\d{1,5}|#x[0-9a-f]{1,4});", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([_*<>\[\]#~`|+-])")  # markdown
_TERMINAL = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|[\0\u200b\u200e\u200f\ufeff]")
_CHUNK = re.compile(
    r"(Oops|Panic|Emergency|Unknown|Restart|Halt|Poweroff|Shutdown)#(\d+) Part(\d+)"
)
_BASE64_LINE = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")


def texts_of(stream: BinaryIO) -> Iterator[Numbered]:
    """Every line of ``stream``, decoded; what ends one may be CR LF, or a console's CR CR LF."""
    head = stream.read(_HEAD)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield from _in_order(_cleaned(_of_text((head + stream.read()).decode("utf-16", "replace"))))
        return
    lines = _raw_lines(head, stream)
    folded = len(_FOLDED.findall(head)) > 2 and b"=3D" in head
    yield from _in_order(_cleaned(_unwrapped(_decoded(lines, folded))))


def _raw_lines(head: bytes, stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number, rest = 0, head
    while rest:
        lines = rest.split(b"\n")
        more = stream.read(_HEAD)
        rest = lines.pop() if more else b""
        if len(rest) > LONGEST:
            lines.append(rest)
            rest = b""
        for line in lines:
            number += 1
            yield number, line
        rest += more


def _of_text(text: str) -> Iterator[Numbered]:
    return iter(enumerate(text.splitlines(), 1))


def _decoded(lines: Iterable[tuple[int, bytes]], folded: bool) -> Iterator[Numbered]:
    """Without the encodings of mail: quoted-printable and base64."""
    encoding = "quoted-printable" if folded else ""
    joined, begun = b"", 0
    wrapped: list[bytes] | None = None  # lines of base64
    for number, raw in lines:
        if wrapped is not None:
            if _BASE64_LINE.fullmatch(raw.strip().decode("ascii", "replace")):
                wrapped.append(raw.strip())
                continue
            if wrapped or raw.strip():
                yield from _of_base64(wrapped, number - len(wrapped))
                encoding, wrapped = "", None
        if encoding == "quoted-printable":
            begun = begun or number
            line = raw.rstrip(b"\r")
            if line.endswith(b"=") and len(joined) < LONGEST:
                joined += line[:-1]
                continue
            text = quopri.decodestring(joined + line).decode("utf-8", "replace")
            at, joined, begun = begun, b"", 0
        else:
            text, at = raw.decode("utf-8", "replace"), number
        if text[:8].lower() == "content-" and (found := _TRANSFER.match(text)):
            encoding = found[1].lower()
        elif encoding == "base64" and not text.strip():
            wrapped = []
        yield at, text
    if wrapped:
        yield from _of_base64(wrapped, number - len(wrapped) + 1)
    if joined:
        yield begun, quopri.decodestring(joined).decode("utf-8", "replace")


def _of_base64(lines: list[bytes], first: int) -> Iterator[Numbered]:
    try:
        content = base64.b64decode(b"".join(lines))
    except (binascii.Error, ValueError):
        return
    width, at = max(1, len(lines[0]) * 3 // 4) if lines else 1, 0
    for line in content.split(b"\n"):
        yield first + at // width, line.decode("utf-8", "replace")
        at += len(line) + 1


def _unwrapped(lines: Iterable[Numbered]) -> Iterator[Numbered]:
    """The messages inside lines of JSON, one object a line or one member a line."""
    for number, text in lines:
        start = text[:1]
        if start == "{" and '"' in text:
            message = _message(text)
            if message is not None:
                yield from ((number, part) for part in message.split("\n"))
                continue
        elif start in ' \t"' and '"' in text and (found := _PRETTY.match(text)):
            yield from ((number, part) for part in _string(found[1]).split("\n"))
            continue
        yield number, text


def _message(text: str) -> str | None:
    try:
        content = json.loads(text.rstrip("\r\n ,"))
    except (ValueError, RecursionError):
        return None
    for key in _KEYS:
        found = content.get(key) if isinstance(content, dict) else None
        if isinstance(found, str):
            return found
        if isinstance(found, list) and all(isinstance(b, int) and 0 <= b < 256 for b in found):
            return bytes(found).decode("utf-8", "replace")  # the journal's for what is no UTF-8
    return None


def _string(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:
        return quoted[1:-1]


def _cleaned(lines: Iterable[Numbered]) -> Iterator[Numbered]:
    """Without a terminal's, a web page's and markdown's signs."""
    for number, text in lines:
        if not text.isascii():
            text = text.replace("\xa0", " ")
        if "\x1b" in text or "\0" in text or not text.isascii():
            text = _TERMINAL.sub("", text)
        if "<" in text and ("<br" in text or "<BR" in text):
            for part in _BREAK.split(text):
                yield number, _plain(part)
            continue
        if "\r" in text:
            for part in re.split(r"\r+", text.rstrip("\r")):
                yield number, _plain(part)
            continue
        yield number, _plain(text)


def _plain(text: str) -> str:
    if "<" in text and ("</" in text or ">" in text):
        text = _TAG.sub("", text)
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text).replace("\xa0", " ")
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    return text


def _in_order(lines: Iterable[Numbered]) -> Iterator[Numbered]:
    """As they are, but the parts that pstore keeps of one log with the oldest first.

    ``kmsg_dump_get_buffer()`` hands out the newest lines first: Part1 is the end of the log.
    """
    parts: dict[tuple[str, str], dict[int, list[Numbered]]] = {}
    current: list[Numbered] | None = None
    for number, text in lines:
        found = _CHUNK.match(text) if text[:1] in "OPEURHS" else None
        if found is not None:
            dump = parts.setdefault((found[1], found[2]), {})
            current = dump.setdefault(int(found[3]), [])
        elif current is not None:
            current.append((number, text))
        else:
            yield number, text
    for dump in parts.values():
        for part in sorted(dump, reverse=True):
            yield from dump[part]
