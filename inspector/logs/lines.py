# SPDX-License-Identifier: LGPL-2.1-or-later
"""Remove prefixes of consoles, journals and mail from a log's lines, and rejoin broken lines.

What precedes ``RIP:`` is a prefix, whatever it is: its shape is learnt and taken from the lines
around it. What a mail program or a terminal broke in two is joined.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inspector.logs.decoding import Numbered

_BATCH = 4096  # lines whose prefixes are learnt together

_CONSOLE = re.compile(r"(?:<\d{1,3}>)?\[ *\d+\.\d{6}\](?:\[ *([TC]\d+)\])? ?")
_TIME = r"\d\d?:\d\d(?::\d\d)?"
_PREFIX = re.compile(
    r"(?:"
    r"(?P<quote>[ \t]*>[> ]*)"
    r"|(?P<stamp>\[ *\d+\.\d+\] ?"  # since boot
    rf"|\[[^\]\[\d]{{0,12}}[^\]\[]{{0,30}}{_TIME}[^\]\[]{{0,24}}\] ?"  # dmesg -T, -H, in any locale
    r"|\[ *[+<]? *\d*[.,]?\d* *[<+]? *\d+[.,]\d+ *>?\] ?"  # dmesg -d, -H
    r"|\d{1,2},\d+,\d+,[-+c](?:,[^;\n]*)?;"  # /dev/kmsg, extended netconsole
    rf"|\w{{3}} [ \d]\d {_TIME}(?:\.\d+)? "  # syslog's date, a journal's
    rf"|\d{{4}}-\d\d-\d\d[T ]{_TIME}(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)? ?"
    rf"|{_TIME}(?:[.,]\d+) ?"
    r")"
    r"|[ \t]*MESSAGE="  # a journal's, -o verbose and -o export
    r"|<\d{1,3}>(?:1 (?=\d{4}-))?"  # a priority; the version of RFC 5424
    r"|(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|res\d+|local\d) *:"
    r"(?:emerg|alert|crit|err|warn|notice|info|debug) *: ?"  # dmesg -x
    r"|(?:[\w.-]+ )?kernel(?:\[\d+\])?: ?"
    r"|(?:[\w.-]+ )?kernel - (?:- )?(?:-|\[[^\]]*\]) ?(?:\ufeff)?"  # RFC 5424
    r"|\[ *(?P<caller>[TC]\d+)\] ?"  # CONFIG_PRINTK_CALLER
    r"|(?P<gutter>[ \t]*\d{1,6}(?:\t|: ?| ?\| ?))"  # numbers of lines
    r"|:(?=[\[ A-Z<-])"  # abrt, in a tracker's comment
    r"|\| (?=[\[<])"
    r"|\t"
    r")"
)
_FRONT = re.compile(r"[ \t>]")
_ANCHOR = re.compile(r"RIP: [0-9a-f]{4}:")
_CALLER = re.compile(r"\[ *([TC]\d+)\]")
_LEARNT = 64  # characters of a prefix, and shapes

_VALUE = re.compile(r"[0-9a-f]{4,16}\b")
_LABEL_LAST = re.compile(r"(?:\b(?:R[A-D]X|R[SD]I|R[BS]P|R\d\d|ORIG_RAX|E?FLAGS|CR\d|GS|FS):\s*)$")
_CUT_VALUE = re.compile(r"\b(?:R[A-D]X|R[SD]I|RBP|R\d\d|ORIG_RAX|RSP: [0-9a-f]{4}): ?([0-9a-f]*)$")
_HEX_START = re.compile(r"([0-9a-f]+)(?![0-9a-zA-Z])")
_CODE_MORE = re.compile(r"(?:<?[0-9a-f]{2}>?)(?: <?[0-9a-f]{2}>?)*\s*$")
_OLD_RIP_CUT = re.compile(r"RIP: [0-9a-f]{4}:(?:\[<[0-9a-f]+>\]\s*){0,2}$")
_PLACE = re.compile(r"\[<[0-9a-f]+>\]|[A-Za-z_][\w.]*\+0x|0x[0-9a-f]+")
_SAYS_WHERE = re.compile(r"(?:BUG|Unable|general protection|Oops).*(?: at| address:?| for| range)$")
_TASK_LINE = re.compile(r"(?:CPU|Pid): ?\d+")
_RELEASE_MORE = re.compile(r"\S*\d+\.\d+\S* \(?#\d|(?:Not tainted|Tainted|PID|Comm).*#\d|#\d")
_MORE = re.compile(r"\s*(?![A-Z][A-Z0-9]\w?:|Code:|Call |Modules )[^\s:]")
_MAY_BREAK = frozenset("RCEOPBUgFS")


@dataclass(slots=True)
class Line:
    """:ivar number: in the text, from 1 on
    :ivar caller: ``T12`` or ``C1`` where the kernel says who printed it, else ""
    :ivar text: what the kernel printed
    """

    number: int
    caller: str
    text: str


def lines_of(texts: Iterable[Numbered]) -> Iterator[Line]:
    """Every line, without its prefix, and whole."""
    return _joined(_without_prefixes(texts))


def _without_prefixes(texts: Iterable[Numbered]) -> Iterator[Line]:
    shapes: dict[str, re.Pattern[str]] = {}
    batch: list[Line] = []
    for number, text in texts:
        batch.append(_line(number, text))
        if len(batch) == _BATCH:
            yield from _learnt(batch, shapes)
            batch = []
    yield from _learnt(batch, shapes)


def _line(number: int, text: str) -> Line:
    if found := _CONSOLE.match(text):  # by far the most frequent
        text = text[found.end() :]
        caller = found[1] or ""
        if text[:1] not in "[<" or not _PREFIX.match(text):
            return Line(number, caller, text)
    else:
        caller = ""
    stripped = False
    while (found := _PREFIX.match(text)) and found.end():
        if found["gutter"] is not None and stripped:
            break
        stripped = found["quote"] is None
        caller = found["caller"] or caller
        text = text[found.end() :]
    if not stripped and text[:1] in " \t":  # an indented paste
        bare = text.lstrip()
        if (found := _PREFIX.match(bare)) and found["stamp"] is not None:
            return _line(number, bare)
    return Line(number, caller, text)


def _learnt(batch: list[Line], shapes: dict[str, re.Pattern[str]]) -> Iterator[Line]:
    """The lines without those prefixes, too, that stand before a ``RIP:``."""
    for line in batch:
        if "RIP: " in line.text and (found := _ANCHOR.search(line.text)):
            front = line.text[: found.start()]
            if front.strip() and len(front) <= _LEARNT and len(shapes) < _LEARNT:
                shape = _shape(front)
                shapes.setdefault(shape, re.compile(shape))
            if front:
                line.caller = line.caller or _caller(front)
                line.text = line.text[found.start() :]
    if shapes:
        for line in batch:
            for pattern in shapes.values():
                if found := pattern.match(line.text):
                    line.caller = line.caller or _caller(found[0])
                    line.text = line.text[found.end() :]
                    break
    return iter(batch)


def _caller(front: str) -> str:
    found = _CALLER.search(front)
    return found[1] if found else ""


def _shape(front: str) -> str:
    """A pattern for prefixes like ``front``: other numbers, and other words of letters."""
    parts = []
    for piece in re.findall(r"\d+|[^\W\d_]+|\s+|.", front):
        if piece.isdigit():
            parts.append(r"\d+")
        elif piece.isalpha():
            parts.append(re.escape(piece) if len(piece) > 3 else r"[^\W\d_]+")
        else:
            parts.append(r"\s+" if piece.isspace() else re.escape(piece))
    shape = "".join(parts)
    return shape[:-3] + r"\s?" if shape.endswith(r"\s+") else shape


def _joined(lines: Iterator[Line]) -> Iterator[Line]:
    """Rejoin lines that were broken in two."""
    held: Line | None = None
    for line in lines:
        if held is not None:
            joint = _joint(held.text, line.text) if _MORE.match(line.text) else None
            if joint is not None:
                held.text = held.text.rstrip() + joint + line.text.strip()
                continue
            yield held
            held = None
        if line.text[:1] in _MAY_BREAK and len(line.text) > 3:
            held = line
        else:
            yield line
    if held is not None:
        yield held


def _joint(text: str, more: str) -> str | None:
    """What to put between the two, None where ``more`` is no continuation of ``text``."""
    bare = more.strip()
    start = bare[:1]
    if not start or ":" in bare[:5]:
        return None
    if start in "0123456789abcdef<":
        if text.startswith("Code:"):
            return _code_joint(text, bare)
        if _LABEL_LAST.search(text) and _VALUE.match(bare):
            return " "
        cut = _CUT_VALUE.search(text)
        if cut is not None and (rest := _HEX_START.match(bare)):
            return "" if 0 < len(cut[1]) < 16 and len(cut[1]) + len(rest[1]) == 16 else None
    if text.startswith("RIP: "):
        return "  " if _OLD_RIP_CUT.match(text) and _PLACE.match(bare) else None
    if _TASK_LINE.match(text):
        return " " if "#" not in text and _RELEASE_MORE.match(bare) else None
    if _SAYS_WHERE.match(text) and re.match(r"0x|[0-9a-f]{8}|\(null\)", bare):
        return " "
    return None


def _code_joint(text: str, bare: str) -> str | None:
    last = text.rstrip()[-2:]
    if re.fullmatch(r"[ <][0-9a-f]", last) and re.match(r"[0-9a-f]>?(?: |$)", bare):
        return ""
    if not _CODE_MORE.match(bare) or (len(bare.split()) < 2 and "<" in bare):
        return " " if _CODE_MORE.match(bare) else None
    return " "
