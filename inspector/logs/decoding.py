# SPDX-License-Identifier: LGPL-2.1-or-later
"""From bytes to numbered lines: remove what mail, web pages, journals and pstore put around a log.

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

_JSON_STARTS = frozenset('{ \t"')
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
_ODD = re.compile(r"[\0\r\x1b&\\]|<[/a-zB]")  # what a kernel's line has no more than by chance
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
    yield from _in_order(_cleaned(_decoded(lines, folded)))


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
    """Without the encodings of mail: quoted-printable and base64.

    :param folded: quoted-printable is seen, though no header of a mail says so
    """
    source = iter(lines)
    encoding = "quoted-printable" if folded else ""
    for number, raw in source:
        at, text = number, ""
        if encoding == "quoted-printable":
            text = quopri.decodestring(_unfolded(raw, source)).decode("utf-8", "replace")
        else:
            text = raw.decode("utf-8", "replace")
        yield at, text
        if text[:1] in "Cc" and (found := _TRANSFER.match(text)):
            encoding = found[1].lower()
        elif encoding == "base64" and not text.strip():
            yield from _of_base64(source)
            encoding = ""


def _unfolded(raw: bytes, source: Iterator[tuple[int, bytes]]) -> bytes:
    """The line with those that a "=" at its end joins to it."""
    line = raw.rstrip(b"\r")
    while line.endswith(b"=") and len(line) < LONGEST:
        more = next(source, None)
        line = line[:-1] + (more[1].rstrip(b"\r") if more else b"")
    return line


def _of_base64(source: Iterator[tuple[int, bytes]]) -> Iterator[Numbered]:
    """The lines inside a body in base64; the line that ends it is given out, too."""
    content, first, width = b"", 0, 1
    for number, raw in source:
        line = raw.strip()
        if not _BASE64_LINE.fullmatch(line.decode("ascii", "replace")):
            yield from _numbered(content, first, width)
            yield number, raw.decode("utf-8", "replace")
            return
        first = first or number
        width = max(width, len(line) * 3 // 4)
        content += _bytes_of(line)
    yield from _numbered(content, first, width)


def _bytes_of(line: bytes) -> bytes:
    try:
        return base64.b64decode(line)
    except binascii.Error:
        return b""


def _numbered(content: bytes, first: int, width: int) -> Iterator[Numbered]:
    """:param width: bytes of the content that a line of base64 holds"""
    at = 0
    for line in content.split(b"\n") if content else ():
        yield first + at // width, line.decode("utf-8", "replace")
        at += len(line) + 1


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
    """The messages inside JSON, without a terminal's, a web page's and markdown's signs."""
    for number, text in lines:
        if text[:1] in _JSON_STARTS and '"' in text:
            message = _json_message(text)
            if message is not None:
                for line in message.split("\n"):
                    yield from ((number, _plain(part)) for part in _parts(line))
                continue
        if text.isascii() and _ODD.search(text) is None:
            yield number, text
        else:
            yield from ((number, _plain(part)) for part in _parts(text))


def _json_message(text: str) -> str | None:
    """The message of a JSON object or member on a line of its own; None for other lines."""
    if text.startswith("{"):
        return _message(text)
    found = _PRETTY.match(text)
    return _string(found[1]) if found else None


def _parts(text: str) -> list[str]:
    """The lines of a web page or a console that one line of the file holds."""
    if not text.isascii():
        text = text.replace("\xa0", " ")
    text = _TERMINAL.sub("", text).rstrip("\r")
    if "<br" in text or "<BR" in text:
        return _BREAK.split(text)
    return re.split(r"\r+", text) if "\r" in text else [text]


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
